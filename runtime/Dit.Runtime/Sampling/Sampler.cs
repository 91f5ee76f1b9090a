namespace Dit.Runtime;

/// <summary>Placeholder, replaced by the sampler of one model.</summary>
public sealed class Sampler<TModel>;
