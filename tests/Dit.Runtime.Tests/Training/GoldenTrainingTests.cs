using Dit.Runtime.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class GoldenTrainingTests
{
    [Theory]
    [InlineData("512", false)]
    [InlineData("256", false)]
    [InlineData("128", false)]
    [InlineData("off", false)]
    [InlineData("512", true)]
    [InlineData("off", true)]
    public void Three_steps_of_a_generated_model_agree_with_the_reference_code(string kernels, bool checkpoints)
    {
        using var memory = new TrainingMemory();
        using var training = TrainingScope.Open(EnvironmentKernels.Parse(kernels), memory);
        using var scope = NewDisposeScope();
        using var golden = new GoldenFile("train-3-steps");
        using var model = GoldenP2.Create();
        Fill(model.state_dict(), golden);
        var recipe = new TrainingRecipe { LearningRate = 1e-3, WeightDecay = 0.01, EmaDecay = 0.99, ActivationCheckpointing = checkpoints };
        using var optimizer = new AdamWWithEma(model, recipe);

        for (var step = 0; step < 3; step++)
        {
            var at = $"step{step}.";
            var labels = golden[at + "y"].masked_fill(golden[at + "drop"] > 0, GoldenP2.Card.NullClass);
            var input = new StepInput<ClassLabels>(golden[at + "x"], new(labels), [.. golden.Timesteps(at + "t")], golden[at + "noise"]);
            AssertEachSample(golden, at, model, input);
            model.zero_grad();
            var losses = TrainingStep.Backward(model, GoldenP2.Process, input, recipe);
            optimizer.Step(recipe.LearningRate);
            Assert.Equal(golden["losses"][step].item<float>(), losses.Total, Close.Loop);
            Assert.Equal(golden[at + "mse"].mean().item<float>(), losses.Mse, Close.Loop);
            Assert.Equal(golden[at + "vb"].mean().item<float>(), losses.VariationalBound, Close.Loop);
        }

        foreach (var (name, tensor) in model.state_dict()) Close.To(golden["end." + name], tensor, Close.Loop, name);
        foreach (var (name, tensor) in optimizer.Average.Tensors) Close.To(golden["ema." + name], tensor, Close.Loop, "ema of " + name);
    }

    private static void AssertEachSample(GoldenFile golden, string at, GoldenP2 model, StepInput<ClassLabels> input)
    {
        using var frozen = no_grad();
        using var losses = GoldenP2.Process.TrainingLosses(
            (x, t) => model.forward(x, t, input.Condition.Values),
            input.Images,
            input.Times,
            input.Noise);
        Close.To(golden[at + "mse"], losses.Mse ?? zeros(0), Close.Loop, at + "mse");
        Close.To(golden[at + "vb"], losses.VariationalBound ?? zeros(0), Close.Loop, at + "vb");
    }

    private static void Fill(Dictionary<string, Tensor> state, GoldenFile golden)
    {
        using var frozen = no_grad();
        foreach (var (name, tensor) in state) tensor.copy_(golden["start." + name]);
    }
}
