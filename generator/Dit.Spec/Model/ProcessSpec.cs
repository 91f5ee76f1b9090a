namespace Dit.Spec;

/// <summary>The process that a model is trained for.</summary>
/// <remarks>
/// Closed: a new case breaks every <see cref="Match{R}"/>. Sampling methods are grouped the same way
/// (<see cref="SamplerMethod"/>).
/// </remarks>
public abstract partial record ProcessSpec
{
    private ProcessSpec() { }

    /// <summary>Channels of the output for each channel of the input.</summary>
    public int OutputsPerChannel => Match(static gaussian => gaussian.Variance == Variance.LearnedRange ? 2 : 1);

    /// <summary>Its part of the model's hash.</summary>
    internal string Canonical => Match(static gaussian => FormattableString.Invariant(
        $"{gaussian.Prediction} {gaussian.Variance} {gaussian.Schedule} {gaussian.Timesteps}"));

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<Gaussian, R> gaussian) => this switch
    {
        Gaussian process => gaussian(process),
        _ => throw new InvalidOperationException("ProcessSpec has one case."),
    };
}
