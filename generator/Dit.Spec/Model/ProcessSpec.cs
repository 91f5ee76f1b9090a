namespace Dit.Spec;

/// <summary>The process that a model is trained for.</summary>
/// <remarks>
/// Closed: a new case breaks every <see cref="Match{R}"/>. Sampling methods are grouped the same way
/// (<see cref="SamplerMethod"/>).
/// </remarks>
public abstract partial record ProcessSpec
{
    private ProcessSpec() { }

    /// <summary>What the model predicts.</summary>
    public Prediction Predicts => Match(static gaussian => gaussian.Prediction, static flow => flow.Prediction);

    /// <summary>Channels of the output for each channel of the input.</summary>
    public int OutputsPerChannel => Match(
        static gaussian => gaussian.Variance == Variance.LearnedRange ? 2 : 1,
        static flow => flow.Variance == Variance.Ignored ? 2 : 1);

    // Published files contain the hash, so these texts never change.
    /// <summary>Its part of the model's hash.</summary>
    internal string Canonical => Match(
        static gaussian => FormattableString.Invariant(
            $"{gaussian.Prediction} {gaussian.Variance} {gaussian.Schedule} {gaussian.Timesteps}"),
        static flow => FormattableString.Invariant($"{flow.Prediction} {flow.Variance} {flow.Schedule} {flow.Loss} {flow.Weight} ")
            + FormattableString.Invariant($"{flow.Times.Canonical} {flow.Shift:R}{(flow.CosineLoss ? " cosine" : "")}"));

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<Gaussian, R> gaussian, Func<Flow, R> flow) => this switch
    {
        Gaussian process => gaussian(process),
        Flow process => flow(process),
        _ => throw new InvalidOperationException("ProcessSpec has two cases."),
    };
}
