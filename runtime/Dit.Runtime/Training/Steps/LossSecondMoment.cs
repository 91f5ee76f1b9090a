using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How the times of training are drawn.</summary>
public enum TimeSampling
{
    /// <summary>
    /// As the process draws them: all timesteps of a diffusion alike, and the times of a flow as its spec says.
    /// </summary>
    Uniform,

    /// <summary>
    /// In proportion to the root of the second moment of the loss at each timestep, with weights that leave the
    /// expected loss as it is (Improved DDPM, arXiv 2102.09672, section 3.3, equation 18). For diffusions with a
    /// learned variance.
    /// </summary>
    LossSecondMoment,
}

/// <summary>
/// Draws timesteps in proportion to the root of the second moment of their loss, <c>p_t ~ sqrt(E[L_t^2])</c> (Improved
/// DDPM, arXiv 2102.09672, section 3.3, equation 18).
/// </summary>
/// <remarks>
/// The moment is that of the last 10 losses of each timestep. Until every timestep has had as many, all are drawn
/// alike.
/// </remarks>
internal sealed class LossSecondMoment
{
    /// <summary>Losses of each timestep that are remembered.</summary>
    public const int History = 10;

    // Of the probability, spread over all timesteps: one whose losses were all 0 would never be drawn again.
    private const double UniformPart = 1e-3;

    private const string LossesName = "run.time_losses", CountsName = "run.time_counts";

    // Keeps these numbers apart from the others that are drawn under the same seed (see EpochOrder).
    private const long Stream = 0x74696D65;

    private readonly GaussianDiffusion process;
    private readonly long seed;
    private readonly double[] losses; // (S, History), a ring for each timestep
    private readonly long[] counts; // losses that each timestep has had, S

    /// <summary>Starts without losses.</summary>
    /// <param name="process">The process.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <exception cref="DitException">The process is of a different kind.</exception>
    public LossSecondMoment(IProcess process, long seed)
    {
        (this.process, this.seed) = (Require(process), seed);
        (losses, counts) = (new double[this.process.Timesteps * History], new long[this.process.Timesteps]);
    }

    /// <summary>Makes sure that the timesteps of a process can be drawn so.</summary>
    /// <exception cref="DitException">They cannot.</exception>
    public static GaussianDiffusion Require(IProcess process) => process switch
    {
        GaussianDiffusion { Variance: ModelVariance.LearnedRange } diffusion => diffusion,
        GaussianDiffusion => throw new DitException(
            "Time sampling by the second moment of the loss is for diffusions that learn their variance (variance: learned-range): the "
                + "loss of a variance differs by orders of magnitude between timesteps, and a model of a fixed variance has no such loss. "
                + "Sample uniformly."),
        _ => throw new DitException(
            "Time sampling by the second moment of the loss is for diffusions with timesteps; the times of a flow are continuous, and its "
                + "spec says how they are drawn ('times' of 'diffusion')."),
    };

    /// <summary>
    /// The probability of each timestep, S of them; null until every timestep has had as many losses as are remembered.
    /// </summary>
    public double[]? Probabilities()
    {
        if (counts.Any(static count => count < History)) return null;
        double[] roots = [.. losses.Chunk(History).Select(static of => Math.Sqrt(of.Sum(static loss => loss * loss) / History))];
        var (sum, each) = (roots.Sum(), 1.0 / roots.Length);
        return [.. roots.Select(root => sum > 0 ? (1 - UniformPart) * root / sum + UniformPart * each : each)];
    }

    /// <summary>
    /// A step's input with times drawn anew, and the weight 1 / (S p_t) of each sample; the input itself while all are
    /// drawn alike. What is drawn depends on the seed, the step and the losses before it.
    /// </summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="input">What the step takes; its tensors are shared.</param>
    /// <param name="part">
    /// Which samples of the batch they are: from the first up to, not including, the second; null for the whole batch.
    /// </param>
    public StepInput<TCondition> Of<TCondition>(int step, StepInput<TCondition> input, (int From, int To)? part = null)
        where TCondition : ICondition<TCondition>
    {
        var (from, to) = part ?? (0, input.Times.Length);
        if (Probabilities() is not { } probabilities) return input;
        var below = new double[probabilities.Length]; // the probability of a timestep up to this one
        for (var i = 0; i < below.Length; i++) below[i] = probabilities[i] + (i == 0 ? 0 : below[i - 1]);
        var random = SplitMix64.Of(seed ^ Stream, step);
        for (var i = 0; i < from; i++) random.NextDouble(); // of the samples before
        var drawn = new int[to - from];
        for (var i = 0; i < drawn.Length; i++)
        {
            var found = Array.BinarySearch(below, random.NextDouble() * below[^1]);
            drawn[i] = Math.Min(found < 0 ? ~found : found + 1, below.Length - 1); // the first one above
        }
        return input with
        {
            Times = Array.ConvertAll(drawn, i => (double)process.TimestepMap[i]),
            Weights = Array.ConvertAll(drawn, i => 1 / (probabilities.Length * probabilities[i])),
        };
    }

    /// <summary>Remembers the losses of samples, in order.</summary>
    /// <param name="times">Their times, N of them.</param>
    /// <param name="each">Their losses before the weight, (N,).</param>
    public void Add(ReadOnlySpan<double> times, Tensor each)
    {
        using var scope = NewDisposeScope();
        var values = each.detach().to(ScalarType.Float32).cpu().data<float>().ToArray();
        for (var n = 0; n < times.Length; n++)
        {
            var i = process.TimestepMap.BinarySearch((int)times[n]);
            losses[i * History + counts[i]++ % History] = values[n];
        }
    }

    /// <summary>What a checkpoint holds of it. The tensors belong to the ambient dispose scope.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> State() =>
        [(LossesName, tensor(losses, [counts.Length, History])), (CountsName, tensor(counts))];

    /// <summary>Goes on where a run has been.</summary>
    /// <param name="file">The run's checkpoint.</param>
    public void Restore(ICheckpointFile file)
    {
        using var saved = file.Read(LossesName);
        using var seen = file.Read(CountsName);
        saved.data<double>().ToArray().CopyTo(losses, 0);
        seen.data<long>().ToArray().CopyTo(counts, 0);
    }
}
