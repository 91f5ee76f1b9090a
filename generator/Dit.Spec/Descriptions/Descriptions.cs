namespace Dit.Spec;

/// <summary>The registry of descriptions: the one place that knows which networks there are.</summary>
internal static class Descriptions
{
    /// <summary>The description of a spec's model.</summary>
    public static Description Of(ModelSpec spec) => spec.Backbone.Match(
        dit => DitDescription.Of(spec, dit),
        uVit => UVitDescription.Of(spec, uVit),
        uniDiffuser => UniDiffuserDescription.Of(spec, uniDiffuser));
}
