using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A solver of the stochastic differential equation of a flow, dx = (velocity + w score) dt + sqrt(2 w) dW (SiT, arXiv
/// 2401.08740, equations 6 and 7, sections 2.3 and 2.4), in equal steps of time and a last one without noise, over the
/// times of SiT's published code.
/// </summary>
/// <remarks>
/// Where SiT counts points, as in its 250, this counts steps with the last one among them: with a last step the two
/// are the same number. Where the published code would divide by zero, for <see cref="DiffusionForm.Sbdm"/> at t = 0
/// and for the score at t = 1, the interval is 0.001 shorter.
/// </remarks>
/// <param name="Steps">Steps in all, the last one among them.</param>
/// <param name="Form">How much noise is added when: w.</param>
/// <param name="Norm">The factor in w, above 0.</param>
/// <param name="Last">The last step.</param>
/// <param name="LastStepSize">The time that the last step takes, between 0 and 1; of no effect where there is
/// none.</param>
/// <exception cref="DitException">The norm or the size of the last step is out of its range.</exception>
public abstract record FlowSdeSolver(int Steps, DiffusionForm Form, double Norm, LastStep Last, double LastStepSize)
    : FixedStepSolver<Flow>(Steps)
{
    /// <summary>The factor in w, above 0.</summary>
    public double Norm { get; init => field = RequireNorm(value); } = RequireNorm(Norm);

    /// <summary>The time that the last step takes, between 0 and 1.</summary>
    public double LastStepSize { get; init => field = RequireSize(value); } = RequireSize(LastStepSize);

    /// <inheritdoc/>
    public override int? EvaluationsFor(Flow process) => NoisySteps * CallsInStep + (HasLast ? 1 : 0);

    /// <inheritdoc/>
    public override (int Fewest, int Most) StepsRange(Flow process) => (HasLast ? 2 : 1, int.MaxValue);

    /// <inheritdoc/>
    public override IReadOnlyList<double> Times(Flow process)
    {
        var visited = HasLast || CallsInStep > 1 ? NoisySteps + 1 : NoisySteps;
        return [.. Enumerable.Range(0, visited).Select(i => TimeOf(process, i))];
    }

    /// <inheritdoc/>
    public override Tensor Run(Flow process, Denoiser network, SolverRun run) => run.Follow(Steps, state =>
    {
        var t = TimeOf(process, state.Step);
        if (state.Step == NoisySteps) return LastOf(process, network, state.X, t);
        return NoisyStep(process, network, state.X, (t, TimeOf(process, state.Step + 1)), run);
    });

    /// <summary>Calls of the network in a noisy step.</summary>
    private protected abstract int CallsInStep { get; }

    /// <summary>A step with noise between two times.</summary>
    private protected abstract SolverStep NoisyStep(
        Flow process, Denoiser network, Tensor x, (double From, double To) span, SolverRun run);

    /// <summary>What the network tells: the drift of the stochastic equation and the data.</summary>
    private protected (Tensor Drift, Tensor Start) DriftAt(Flow process, Denoiser network, Tensor x, double t)
    {
        using var scope = NewDisposeScope();
        var output = network(x, t);
        var start = ((IProcess)process).Convert(output, x, t, Prediction.StartX);
        return (Drift(process, output, x, t).MoveToOuterDisposeScope(), start.MoveToOuterDisposeScope());
    }

    /// <summary>x with the noise of a step: x + sqrt(2 w dt) noise.</summary>
    private protected Tensor Stirred(Flow process, Tensor x, (double From, double To) span, SolverRun run)
    {
        using var noise = run.NextNoise(x);
        return Moved(x, noise, Math.Sqrt(2 * Diffusion(process.Path, span.From) * (span.To - span.From)));
    }

    /// <summary>x + amount direction.</summary>
    private protected static Tensor Moved(Tensor x, Tensor direction, double amount) => WeightedSum.Of((1, x), (amount, direction));

    private int NoisySteps => HasLast ? Steps - 1 : Steps;

    private bool HasLast => Last != LastStep.None;

    private double TimeOf(Flow process, int step)
    {
        var (from, to) = FlowInterval.OfSde(process, Form, HasLast ? LastStepSize : 0, CallsInStep > 1);
        return step == NoisySteps ? to : from + (to - from) * step / NoisySteps;
    }

    // velocity + w score as one mixture of data and noise.
    private Tensor Drift(Flow process, Tensor output, Tensor x, double t)
    {
        var (velocity, score, w) = (
            process.Weights(Prediction.Velocity, t), process.Weights(Prediction.Score, t), Diffusion(process.Path, t));
        return ProcessMath.Convert(
            output, x, new(process.Alpha(t), process.Sigma(t)), process.Weights(process.Prediction, t),
            new(velocity.Start + w * score.Start, velocity.Noise + w * score.Noise));
    }

    private SolverStep LastOf(Flow process, Denoiser network, Tensor x, double t)
    {
        var output = network(x, t);
        var start = ((IProcess)process).Convert(output, x, t, Prediction.StartX);
        var sample = Last switch
        {
            LastStep.Mean => Moved(x, Drift(process, output, x, t), LastStepSize),
            LastStep.Euler => Moved(x, ((IProcess)process).Convert(output, x, t, Prediction.Velocity), LastStepSize),
            LastStep.Tweedie => start.alias(),
            _ => throw new DitException($"There is no last step '{Last}'."),
        };
        return new(sample, start, t);
    }

    private double Diffusion(FlowPath path, double t) => Form switch
    {
        DiffusionForm.Constant => Norm,
        DiffusionForm.Sbdm => Norm * path.Sigma(t) * (path.Sigma(t) * path.AlphaRate(t) / path.Alpha(t) - path.SigmaRate(t)),
        DiffusionForm.Sigma => Norm * path.Sigma(t),
        DiffusionForm.Linear => Norm * (1 - t),
        DiffusionForm.Decreasing => Math.Pow(Norm * Math.Cos(Math.PI * t) + 1, 2) / 4,
        DiffusionForm.IncreasingDecreasing => Norm * Math.Pow(Math.Sin(Math.PI * t), 2),
        _ => throw new DitException($"There is no diffusion form '{Form}'."),
    };

    private static double RequireNorm(double norm) => norm > 0 && double.IsFinite(norm)
        ? norm
        : throw new DitException(
            FormattableString.Invariant($"A norm of {norm} was given for the diffusion: it must be a number above 0."));

    private static double RequireSize(double size) => size is > 0 and < 1
        ? size
        : throw new DitException(FormattableString.Invariant($"A last step of {size} was given: it takes a time between 0 and 1."));
}
