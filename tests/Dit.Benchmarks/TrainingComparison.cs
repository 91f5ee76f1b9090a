using Dit.Definitions;
using Dit.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A training step: forward, loss, backward, AdamW, and the moving average of the weights.</summary>
internal static class TrainingComparison
{
    private const int Batch = 8;
    private const double Decay = 0.9999;

    public static Row Run(CompareOptions options)
    {
        using var plainModel = Workload.Create<DiTS2>(options.Device);
        using var ourModel = Workload.Create<DiTS2>(options.Device);
        using var input = Input(options.Device);
        using var plain = new PlainTraining(plainModel, input);
        using var ours = new OurTraining(ourModel, input);

        Machine.ForgetPeakMemory();
        plain.Step();
        var baselinePeak = Machine.PeakMemory();
        Machine.ForgetPeakMemory();
        ours.Step();
        var ourPeak = Machine.PeakMemory();
        var difference = Distance(plainModel, ourModel);

        var times = Paired.Measure(plain.Step, ours.Step, options.Rounds, options.Progress("training step"), options.Cancellation);
        return new($"train DiT-S/2 b{Batch}", "plain graph, AdamW, lerp", times, times.Ours.Median, 3.0 * Batch * DiTS2.Card.Flops, difference, baselinePeak, ourPeak,
            "the error is that of the gradients of the first step, by the largest");
    }

    private static StepInput<ClassLabels> Input(Device device)
    {
        var (x, _, labels) = Workload.Inputs(DiTS2.Card, Batch, device);
        using var random = new torch.Generator(3);
        return new(x, new(labels), [.. Enumerable.Range(0, Batch).Select(static i => 1 + i * 997 % 999)], randn(x.shape, generator: random).to(device));
    }

    private static double Distance(nn.Module one, nn.Module other)
    {
        using var scope = NewDisposeScope();
        return one.parameters().Zip(other.parameters()).Max(static pair => pair is { First.grad: { } expected, Second.grad: { } actual }
            ? ((expected - actual).abs().max() / expected.abs().max().clamp_min(1e-12)).ToDouble()
            : 0);
    }

    private sealed class PlainTraining(DiTS2 model, StepInput<ClassLabels> input) : IDisposable
    {
        private readonly OfficialGraph graph = new(model, DiTS2.Card);
        private readonly AdamW optimizer = optim.AdamW(model.parameters().Where(static parameter => parameter.requires_grad), 1e-4);
        private readonly (Parameter Weight, Tensor Average)[] averages = [.. model.parameters().Where(static parameter => parameter.requires_grad).Select(static parameter => (parameter, parameter.detach().clone()))];

        public void Step()
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            using var losses = DiTS2.Diffusion.TrainingLosses((x, t) => graph.Forward(x, t, input.Condition.Values), input.Images, input.Timesteps, input.Noise, LossKind.Hybrid);
            losses.Total.mean().backward();
            optimizer.step();
            using var noGradient = no_grad();
            foreach (var (weight, average) in averages) average.lerp_(weight, 1 - Decay);
        }

        public void Dispose()
        {
            optimizer.Dispose();
            foreach (var (_, average) in averages) average.Dispose();
        }
    }

    /// <summary>What <see cref="Trainer"/> does with a batch.</summary>
    private sealed class OurTraining(DiTS2 model, StepInput<ClassLabels> input) : IDisposable
    {
        private static readonly TrainingRecipe Recipe = new() { EmaDecay = Decay };

        private readonly AveragedAdamW optimizer = new(model, Recipe);

        public void Step()
        {
            using var scope = NewDisposeScope();
            model.zero_grad();
            TrainingStep.Backward(model, DiTS2.Diffusion, input);
            optimizer.Step(Recipe.LearningRate);
        }

        public void Dispose() => optimizer.Dispose();
    }
}
