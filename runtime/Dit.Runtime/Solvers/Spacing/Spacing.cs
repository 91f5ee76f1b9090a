using System.Collections.Immutable;

namespace Dit.Runtime;

/// <summary>
/// Where the steps of a solver lie: the nodes that it visits on the way from noise to data. A spacing and a solver are
/// chosen independently.
/// </summary>
/// <remarks>
/// A closed sum: <see cref="Time"/>, <see cref="LogSnr"/>, <see cref="Karras"/>, <see cref="Exponential"/>,
/// <see cref="Beta"/>, and, for processes of whole timesteps, <see cref="Linspace"/>, <see cref="Leading"/> and
/// <see cref="Trailing"/>. Settings are changed by <c>with</c>. Pure.
/// </remarks>
public abstract partial record Spacing
{
    private Spacing() { }

    /// <summary>Uniform in time, from the noise to the data (DPM-Solver, arXiv 2206.00927, appendix D.4; SiT, arXiv
    /// 2401.08740).</summary>
    public static Spacing Time { get; } = new InTime();

    /// <summary>Uniform in the logarithm of the signal-to-noise ratio (DPM-Solver, arXiv 2206.00927, section
    /// 3.3). The last step, to the data, is infinite in it. The first node has a <see cref="MinLambda"/> of -5.1, which
    /// is that paper's choice for the squared-cosine schedule.</summary>
    public static Spacing LogSnr { get; } = new InLogSnr { MinLambda = -5.1 };

    /// <summary>Uniform in the seventh root of sigma (Karras et al., arXiv 2206.00364, equation 5, rho 7). The largest
    /// sigma / alpha is 80, as in table 1 there: a <see cref="MinLambda"/> of -log 80.</summary>
    public static Spacing Karras { get; } = new BetweenLevels(Ramp.Karras, Math.Round) { MinLambda = -Math.Log(80) };

    /// <summary>Uniform in the logarithm of sigma.</summary>
    public static Spacing Exponential { get; } = new BetweenLevels(Ramp.Exponential, Math.Floor);

    /// <summary>Sigma at quantiles of the Beta(0.6, 0.6) distribution: more steps at both ends (arXiv
    /// 2407.12173).</summary>
    public static Spacing Beta { get; } = new BetweenLevels(Ramp.Beta, Math.Floor);

    /// <summary><see cref="Exponential"/> with rounded timesteps, which the published code cuts for the other: the
    /// lambdas of Lu et al., arXiv 2206.00927.</summary>
    internal static Spacing Lu { get; } = new BetweenLevels(Ramp.Exponential, Math.Round);

    /// <summary>Whole timesteps spaced evenly from the last one, rounded (Lin et al., arXiv 2305.08891, table 2); on a
    /// flow, evenly spaced times down to sigma 0.001.</summary>
    public static Spacing Linspace { get; } = new EvenTimesteps();

    /// <summary>Whole timesteps, every k-th, counted from the data (Lin et al., arXiv 2305.08891, table 2); the last
    /// timestep is not among them.</summary>
    public static Spacing Leading { get; } = new LeadingTimesteps(0);

    /// <summary>Whole timesteps, every k-th, counted from the noise (Lin et al., arXiv 2305.08891, table 2).</summary>
    public static Spacing Trailing { get; } = new TrailingTimesteps();

    /// <summary><see cref="Leading"/> with a number added to each timestep.</summary>
    /// <param name="offset">0 or more; Stable Diffusion has 1.</param>
    /// <exception cref="DitException">The number is negative.</exception>
    public static Spacing LeadingFrom(int offset) => new LeadingTimesteps(offset);

    /// <summary><see cref="Time"/> with a <see cref="Shift"/>.</summary>
    /// <param name="shift">Above 0.</param>
    /// <exception cref="DitException">The shift is not a positive number.</exception>
    public static Spacing Shifted(double shift) => Time with { Shift = shift };

    /// <summary>
    /// For flows, s: with u the share of time that is left to the data, u becomes <c>s u / (1 + (s - 1) u)</c>
    /// (Stable Diffusion 3, arXiv 2403.03206, equation 23). 1 changes nothing, more than 1 makes small steps near the
    /// noise. LightningDiT's timestep shift is 1 / s.
    /// </summary>
    /// <exception cref="DitException">It is not a positive number.</exception>
    public double Shift
    {
        get;
        init => field = value > 0 && double.IsFinite(value)
            ? value
            : throw new DitException(FormattableString.Invariant($"A shift of {value} was given: it must be a number above 0."));
    } = 1;

    /// <summary>
    /// Where the way begins, in half the logarithm of the signal-to-noise ratio (<see cref="NoiseNode.Lambda"/>): times
    /// of the process with more noise are left out, and the sample at the first node is the noise. By default there is
    /// no limit, except where the spacing says so.
    /// </summary>
    /// <remarks>
    /// Some processes spend most of their logarithm where no data is left to see: the last timestep of the
    /// squared-cosine schedule has -9.9, and few steps are then wasted there. -5.1 is what the linear schedule ends at.
    /// </remarks>
    /// <exception cref="DitException">It is not a number.</exception>
    public double MinLambda
    {
        get;
        init => field = !double.IsNaN(value)
            ? value
            : throw new DitException("A lowest lambda of NaN was given: it must be a number, or negative infinity for no limit.");
    } = double.NegativeInfinity;

    /// <summary>Whether the last node is the data, where sigma is 0. If not, it is the smallest sigma: that of the
    /// first timestep, or 0.001 of a flow's time. A spacing that visits it anyway then names it twice, as diffusers
    /// does, and the last step changes nothing.</summary>
    public bool EndsAtData { get; init; } = true;

    /// <summary>
    /// Whether timesteps are those of Euler's method and its relatives in diffusers: the one with the smallest sigma is
    /// visited, and times may lie between two whole ones.
    /// </summary>
    internal bool VisitsSmallest { get; init; }

    /// <summary>The nodes, from the noise to the end.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    /// <param name="steps">Steps, at least 1.</param>
    /// <returns>steps + 1 nodes. The network is called at all but the last, with sigma above 0.</returns>
    /// <exception cref="DitException">The process does not have so many timesteps, none at all, no place for a shift,
    /// or less noise everywhere than <see cref="MinLambda"/> asks for.</exception>
    public ImmutableArray<NoiseNode> Nodes(IProcess process, int steps)
    {
        if (steps < 1) throw new DitException($"{steps} steps were asked for: a sampler needs at least 1.");
        if (Shift != 1 && process is GaussianDiffusion)
            throw new DitException(
                FormattableString.Invariant($"A shift of {Shift} was given for a Gaussian diffusion: only the time of a flow is shifted."));
        if (At(process, SmallestTime(process), Shift).Lambda is var highest && highest <= MinLambda)
            throw new DitException(FormattableString.Invariant(
                $"A lowest lambda of {MinLambda} was given, but lambda reaches only {highest:0.###} in this process: give a lower number."));
        return [.. Way(process, steps)];
    }

    /// <summary>The most steps that a process allows.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    internal virtual int MostSteps(IProcess process) => int.MaxValue;

    private protected abstract IEnumerable<NoiseNode> Way(IProcess process, int steps);
}
