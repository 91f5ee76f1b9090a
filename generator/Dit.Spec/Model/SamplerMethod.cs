namespace Dit.Spec;

/// <summary>Sampling methods, in groups by the process that they integrate.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract partial record SamplerMethod
{
    private SamplerMethod() { }

    /// <summary>The word in a spec: <c>ddim</c>.</summary>
    public string Word => Match(static gaussian => gaussian.Match(static _ => "ddpm", static _ => "ddim"));

    /// <summary>The way in: one function for each group.</summary>
    public R Match<R>(Func<Gaussian, R> gaussian) => this switch
    {
        Gaussian method => gaussian(method),
        _ => throw new InvalidOperationException("SamplerMethod has one group."),
    };
}
