using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Dormand and Prince's method of order 5 with steps that adapt to its error estimate, as dopri5 of torchdiffeq, which
/// SiT samples with by default (arXiv 2401.08740): on a <see cref="Flow"/> along the velocity over the time, on other
/// processes along the predicted noise, x / alpha over sigma / alpha (Karras et al., arXiv 2206.00364), from where <see
/// cref="Spacing.LogSnr"/> begins. Where no slope is known at the data, the sample is the data that is predicted last.
/// </summary>
/// <remarks>
/// Six calls of the network in a step, and in each attempt whose error is too large; the first step takes two more.
/// <see cref="SamplingProgress.Evaluations"/> and <see cref="SamplingProgress.Rejected"/> of the last report say how
/// many there were. The error is the root mean square over the whole batch, so steps, and within the tolerance samples
/// too, depend on what is drawn together. Guidance on an interval makes the slope jump, which costs attempts.
/// </remarks>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="RelativeTolerance">The error that a step may make, relative to the state.</param>
/// <param name="AbsoluteTolerance">The error that a step may make where the state is 0; added to the relative
/// one.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">A tolerance is not a positive number.</exception>
public sealed record Dopri5<TProcess>(double RelativeTolerance = 1e-3, double AbsoluteTolerance = 1e-6, bool ClipDenoised = false)
    : Solver<TProcess>
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override string Method => "dopri5";

    /// <inheritdoc/>
    public override int? EvaluationsFor(TProcess process) => null;

    /// <summary>The error that a step may make, relative to the state; above 0.</summary>
    public double RelativeTolerance { get; init => field = Tolerance.Require(value); } = Tolerance.Require(RelativeTolerance);

    /// <summary>The error that a step may make where the state is 0; above 0.</summary>
    public double AbsoluteTolerance { get; init => field = Tolerance.Require(value); } = Tolerance.Require(AbsoluteTolerance);

    /// <inheritdoc/>
    public override Tensor Run(TProcess process, Denoiser network, SolverRun run)
    {
        var ode = Ode.Of(process, ClipDenoised);
        var (from, to) = ode.Span;
        var steps = new DormandPrince(
            (y, place) => ode.SlopeAt(network, y, ode.NodeAt(place)).Slope, (from, to), new(RelativeTolerance, AbsoluteTolerance));
        return run.Follow(null, state =>
        {
            if (steps.IsDone) return null;
            var step = steps.Step(ode.StateOf(state.X, ode.NodeAt(steps.Place)), state.History is [var known] ? known : null);
            var there = ode.NodeAt(steps.Place);
            var start = ode.StartOf(step.Y, step.Slope, there);
            var sample = steps.IsDone && ode.EndsWithoutSlope ? start.alias() : ode.SampleOf(step.Y, there);
            return new(sample, start, there.Time) { History = [step.Slope], Rejected = step.Rejected };
        });
    }
}
