namespace Dit.Runtime;

/// <summary>Placeholder, replaced by the Improved-DDPM process.</summary>
public sealed class GaussianDiffusion;
