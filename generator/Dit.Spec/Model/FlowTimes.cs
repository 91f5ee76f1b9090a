namespace Dit.Spec;

/// <summary>How the times of a flow are drawn in training.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record FlowTimes
{
    private FlowTimes() { }

    /// <summary>Its part of the model's hash.</summary>
    internal string Canonical => Match(
        static _ => "uniform",
        static normal => FormattableString.Invariant($"logit-normal {normal.Mean:R} {normal.Deviation:R}"));

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<Uniform, R> uniform, Func<LogitNormal, R> logitNormal) => this switch
    {
        Uniform times => uniform(times),
        LogitNormal times => logitNormal(times),
        _ => throw new InvalidOperationException("FlowTimes has two cases."),
    };

    /// <summary>All times alike (SiT, arXiv 2401.08740).</summary>
    public sealed record Uniform : FlowTimes;

    /// <summary>The logistic function of a normal number (arXiv 2403.03206, section 3.1).</summary>
    /// <param name="Mean">Mean of the normal number.</param>
    /// <param name="Deviation">Its standard deviation.</param>
    public sealed record LogitNormal(double Mean, double Deviation) : FlowTimes;
}
