using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class TrainingStepsTests
{
    private const double EmaDecay = 0.99;

    [Fact]
    public void Three_optimiser_steps_agree_with_the_reference()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenFile("train-3-steps");
        using var model = GoldenModel.From(golden, "start.");
        using var ema = GoldenModel.From(golden, "start.");
        var process = new GaussianDiffusion(NoiseSchedule.Linear(1000), Prediction.Epsilon, ModelVariance.LearnedRange);
        using var optimizer = optim.AdamW(model.Parameters.Values.Where(p => p.requires_grad), lr: 1e-3, weight_decay: 0.01);

        for (var step = 0; step < 3; step++)
        {
            var at = $"step{step}.";
            var labels = golden[at + "y"].masked_fill(golden[at + "drop"] > 0, GoldenModel.NullClass);
            using var losses = process.TrainingLosses(model.For(labels), golden[at + "x"], golden.Timesteps(at + "t"), golden[at + "noise"]);
            Close.To(golden[at + "mse"], losses.Mse ?? zeros(0), Close.Loop, at + "mse");
            Close.To(golden[at + "vb"], losses.VariationalBound ?? zeros(0), Close.Loop, at + "vb");
            var loss = losses.Total.mean();
            Close.To(golden["losses"][step], loss, Close.Loop, at + "loss");
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            Follow(ema, model);
        }

        foreach (var (name, parameter) in model.Parameters) Close.To(golden["end." + name], parameter, Close.Loop, name);
        foreach (var (name, parameter) in ema.Parameters) Close.To(golden["ema." + name], parameter, Close.Loop, "ema of " + name);
    }

    private static void Follow(GoldenModel ema, GoldenModel model)
    {
        using var noGradient = no_grad();
        foreach (var (name, parameter) in ema.Parameters)
            parameter.mul_(EmaDecay).add_(model.Parameters[name], 1 - EmaDecay);
    }
}
