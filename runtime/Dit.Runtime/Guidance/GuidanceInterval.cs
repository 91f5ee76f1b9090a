namespace Dit.Runtime;

/// <summary>The noise levels at which guidance acts: those with Low &lt; sigma &lt;= High (Kynkäänniemi et al., arXiv
/// 2404.07724).</summary>
/// <remarks>
/// sigma is the standard deviation of the noise where the data has its own scale: sqrt(1 / alpha bar - 1) of the
/// process at a step's timestep.
/// Guidance at high noise narrows the variety of samples and at low noise changes little, so both are spared: outside
/// the interval a step is
/// one conditional pass, half the work of a guided one. An interval whose ends are equal holds no noise level.
/// </remarks>
public sealed record GuidanceInterval
{
    /// <summary>The interval between two noise levels.</summary>
    /// <param name="low">Lower end, which the interval does not hold; at least 0.</param>
    /// <param name="high">Upper end, which it holds; infinity for none.</param>
    /// <exception cref="DitException">An end is negative or not a number, or they are in the wrong order.</exception>
    public GuidanceInterval(double low, double high)
    {
        if (!(low >= 0 && high >= low && double.IsFinite(low)))
            throw new DitException(FormattableString.Invariant(
                $"Guidance from sigma {low} to {high} was asked for: the lower end is a number of at least 0, and the upper one at least that, or infinity."));
        (Low, High) = (low, high);
    }

    /// <summary>Lower end, which the interval does not hold.</summary>
    public double Low { get; }

    /// <summary>Upper end, which it holds.</summary>
    public double High { get; }

    /// <summary>Whether guidance acts at a noise level.</summary>
    /// <param name="sigma">sqrt(1 / alpha bar - 1).</param>
    public bool Contains(double sigma) => Low < sigma && sigma <= High;

    /// <summary><c>0.28 to 2.9</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Low} to {High}");
}
