using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A multistep solver whose step is a sum of the state, its last predictions and noise.</summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1 to 3: predictions that a step uses.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public abstract record LinearMultistep<TProcess>(int Steps, int Order, Spacing? Spacing, bool ClipDenoised)
    : MultistepSolver<TProcess>(Steps, Order, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <summary>Whether predictions of the noise are integrated; else those of the data.</summary>
    private protected abstract bool UsesNoise { get; }

    private protected abstract ExponentialStep Between(NoiseNode from, NoiseNode to);

    /// <summary>Weights of the last predictions, the newest first.</summary>
    /// <param name="step">The integrals over the step.</param>
    /// <param name="before">The steps before, the newest first, in units of this one; one less than the order.</param>
    private protected abstract double[] Weights(ExponentialStep step, double[] before);

    private protected override SolverStep Step(
        TProcess process, Denoiser network, SolverRun run, ImmutableArray<NoiseNode> nodes, SolverState state)
    {
        var (from, to) = (nodes[state.Step], nodes[state.Step + 1]);
        var pair = PredictedPair.Of(process, from, network(state.X, from.Time), state.X, ClipDenoised, UsesNoise);
        Tensor[] models = [UsesNoise ? pair.Epsilon : pair.Start, .. state.History.Take(Order - 1)];
        return new(Sample(), pair.Start, from.Time) { History = models };

        Tensor Sample()
        {
            // From pure noise, whose scale says nothing of the data: DDIM without a division by alpha.
            if (UsesNoise && from.Alpha == 0) return WeightedSum.Of((to.Sigma, pair.Epsilon), (to.Alpha, pair.Start));
            var step = Between(from, to);
            var weights = Weights(step, StepsBefore(nodes, state.Step, OrderAt(nodes, state.Step)));
            var sum = WeightedSum.Of([(step.State, state.X), .. weights.Select((weight, k) => (weight, models[k]))]);
            return step.Noise == 0 ? sum : WeightedSum.Of((1, sum), (step.Noise, run.NextNoise(sum)));
        }
    }
}
