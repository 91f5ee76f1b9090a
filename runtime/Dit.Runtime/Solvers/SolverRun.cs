using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>One run of a solver: where it starts, the noise it may draw, and the loop that watches over its
/// steps.</summary>
public sealed class SolverRun
{
    private readonly INoiseSource? noise;
    private readonly IProgress<SamplingProgress>? progress;
    private readonly Action<SamplingState>? observe;
    private readonly CancellationToken cancellation;
    private readonly (double From, double To) span;
    private readonly List<SamplingProgress> taken = [];
    private FiniteTrace? trace;

    internal SolverRun(
        Tensor start,
        (double From, double To) span,
        INoiseSource? noise,
        IProgress<SamplingProgress>? progress,
        CancellationToken cancellation,
        Action<SamplingState>? observe) =>
        (Start, this.span, this.noise, this.progress, this.cancellation, this.observe) = (
            start, span, noise, progress, cancellation, observe);

    /// <summary>The state that the run starts from, (N, C, Y, X), in float32 or float64.</summary>
    public Tensor Start { get; }

    /// <summary>Calls of the network so far.</summary>
    public int Evaluations { get; private set; }

    /// <summary>Standard normal noise for a step, which the caller owns.</summary>
    /// <param name="x">The state, whose shape, type and device it has.</param>
    /// <exception cref="DitException">The source of the noise gives another shape, or is used up.</exception>
    public Tensor NextNoise(Tensor x)
    {
        using var drawn = (noise ?? throw new InvalidOperationException("A run towards the noise draws none.")).Next();
        // Noise of one image would otherwise be spread over all of them in silence.
        if (!drawn.shape.AsSpan().SequenceEqual(x.shape) || !drawn.is_floating_point())
            throw new DitException(
                $"The noise source gave {drawn.dtype} of shape ({string.Join(", ", drawn.shape)}): noise for a step is real and has the "
                + $"shape of the state, ({string.Join(", ", x.shape)}).");
        return drawn.to(x.dtype, x.device);
    }

    /// <summary>Makes steps, one after another; a solver calls it once.</summary>
    /// <remarks>
    /// Before a step the loop checks for cancellation, and after it reports the progress and shows the state. When a
    /// step is done its tensors
    /// are freed, those of the next state and history aside. At the end a sample that is not finite becomes an
    /// exception.
    /// </remarks>
    /// <param name="steps">How many; null for a solver that ends the loop itself.</param>
    /// <param name="step">Makes a step, and leaves the tensors of the state to the loop. Null ends the loop.</param>
    /// <returns>The last state, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public Tensor Follow(int? steps, Func<SolverState, SolverStep?> step)
    {
        using var watching = trace = new FiniteTrace(steps, Start);
        taken.Add(new(0, steps, span.From));
        var state = new SolverState(0, Start, []);
        while (steps is not { } all || state.Step < all)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            if (step(state) is not { } next) break;
            var travelled = steps is null ? (next.Time - span.From) / (span.To - span.From) : 0;
            var report = new SamplingProgress(taken.Count, steps, next.Time)
            {
                Evaluations = Evaluations,
                Rejected = taken[^1].Rejected + next.Rejected,
                Travelled = travelled,
            };
            Report(report, next);
            state = Advance(state, next);
        }
        watching.Require(taken);
        trace = null;
        return state.X;
    }

    /// <summary>The network, whose predictions are watched too: clipping makes a finite number of an infinite
    /// one.</summary>
    internal Denoiser Watched(Denoiser network) => (x, t) =>
    {
        var output = network(x, t);
        Evaluations++;
        trace?.See(taken.Count, output);
        return output;
    };

    private void Report(SamplingProgress report, SolverStep next)
    {
        trace?.See(report.Step, next.Sample);
        taken.Add(report);
        try
        {
            observe?.Invoke(new(report, next.Sample, next.PredictedStart));
        }
        catch (DitException)
        {
            // An observer that makes pictures may be the first to meet what is not finite; the trace knows where it
            // began.
            trace?.Require(taken);
            throw;
        }
        progress?.Report(report);
    }

    private static SolverState Advance(SolverState before, SolverStep next)
    {
        Tensor[] old = [before.X, .. before.History], kept = [next.Sample, .. next.History];
        foreach (var tensor in kept.Except(old, ReferenceEqualityComparer.Instance).Cast<Tensor>()) tensor.MoveToOuterDisposeScope();
        foreach (var tensor in old.Except(kept, ReferenceEqualityComparer.Instance).Cast<Tensor>()) tensor.Dispose();
        return new(before.Step + 1, next.Sample, next.History);
    }
}

/// <summary>Where a run is before a step.</summary>
/// <param name="Step">Steps done, from 0.</param>
/// <param name="X">The state, (N, C, Y, X).</param>
/// <param name="History">What the step before left in <see cref="SolverStep.History"/>; empty before the first.</param>
public sealed record SolverState(int Step, Tensor X, IReadOnlyList<Tensor> History);

/// <summary>A step of a solver.</summary>
/// <param name="Sample">The next state, (N, C, Y, X).</param>
/// <param name="PredictedStart">The data predicted on the way, (N, C, Y, X): a preview of the result.</param>
/// <param name="Time">The time at which the network was called.</param>
public sealed record SolverStep(Tensor Sample, Tensor PredictedStart, double Time)
{
    /// <summary>What the solver needs in later steps, for instance the last predictions.</summary>
    public IReadOnlyList<Tensor> History { get; init; } = [];

    /// <summary>Attempts at the step whose error was too large, for a solver that adapts its steps.</summary>
    public int Rejected { get; init; }
}

/// <summary>The state after one step, lent to an observer: its tensors live until the observer returns.</summary>
/// <param name="Progress">How far the loop is.</param>
/// <param name="State">The state after the step, (N, C, Y, X).</param>
/// <param name="PredictedStart">The data predicted on the way, (N, C, Y, X): a preview of the result.</param>
public readonly record struct SamplingState(SamplingProgress Progress, Tensor State, Tensor PredictedStart);
