using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Blocks whose activations are computed again for the backward pass.</summary>
public sealed class ActivationCheckpointingTests : IDisposable
{
    private const int Samples = 3;

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Every model that is generated here, with our kernels and with the operators of libtorch.</summary>
    public static TheoryData<string, string> Models
    {
        get
        {
            var models = new TheoryData<string, string>();
            foreach (var model in DitModels.All)
                foreach (var kernels in (string[])["on", "off"]) models.Add(model.Card.Name, kernels);
            return models;
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void The_gradients_are_those_of_kept_activations_bit_for_bit(string name, string kernels)
    {
        using var memory = new TrainingMemory();
        using var training = TrainingScope.Open(EnvironmentKernels.Parse(kernels), memory);
        var model = DitModels.All.Single(model => model.Card.Name == name);

        var kept = model.Accept(new BlockGradients(checkpoints: false));
        var again = model.Accept(new BlockGradients(checkpoints: true));

        Assert.Equal(kept.Keys, again.Keys);
        Assert.All(kept, pair => Assert.True(pair.Value.Equals(again[pair.Key]), pair.Key));
        Assert.True(again.Values.Count(static gradient => gradient.abs().sum().item<float>() > 0) > again.Count / 2);
    }

    [Theory, InlineData(false, 1), InlineData(true, 2)]
    public void Every_block_is_computed_twice(bool checkpoints, int times)
    {
        using var model = Stirred.Create<UClassConv>();
        var calls = new Dictionary<string, int>();
        foreach (var (name, module) in model.named_modules())
            if (name is "in_blocks.0" or "in_blocks.1" or "mid_block" && module is nn.Module<Tensor, Tensor> block)
                block.register_forward_hook((_, _, output) =>
                {
                    calls[name] = calls.GetValueOrDefault(name) + 1;
                    return output;
                });

        Step(model, checkpoints);

        Assert.Equal(3, calls.Count);
        Assert.All(calls.Values, count => Assert.Equal(times, count));
    }

    [Fact]
    public void Steps_leave_no_tensor_behind_and_give_the_losses_of_kept_activations()
    {
        using var model = Stirred.Create<UClassConv>();
        Step(model, checkpoints: true);
        var before = LiveTensors.Count();
        for (var i = 0; i < 3; i++) Step(model, checkpoints: true);
        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal(Step(model, checkpoints: false), Step(model, checkpoints: true));
    }

    [Fact]
    public void Parameters_of_blocks_have_gradients_even_where_their_arguments_need_none()
    {
        using var model = Stirred.Create<GoldenP2>();
        foreach (var (name, parameter) in model.named_parameters())
            if (!name.StartsWith("blocks.", StringComparison.Ordinal)) parameter.requires_grad = false;

        Step(model, checkpoints: true);

        Assert.All(
            model.named_parameters().Where(static p => p.parameter.requires_grad),
            static p => Assert.True(p.parameter.grad?.abs().sum().item<float>() > 0, p.name));
    }

    [Fact]
    public void What_goes_wrong_in_a_backward_pass_is_thrown_and_not_lost_in_native_code()
    {
        using var model = Stirred.Create<UClassConv>();
        var calls = 0;
        if (model.named_modules().Single(static m => m.name == "mid_block").module is nn.Module<Tensor, Tensor> block)
            block.register_forward_hook((_, _, output) => ++calls == 2 ? throw new InvalidOperationException("no more memory") : output);

        Assert.Equal("no more memory", Assert.Throws<InvalidOperationException>(() => Step(model, checkpoints: true)).Message);
    }

    private static StepLosses Step<TModel>(IModel<TModel, ClassLabels, GaussianDiffusion> model, bool checkpoints)
        where TModel : nn.Module, IModel<TModel, ClassLabels, GaussianDiffusion>
    {
        using var dispose = NewDisposeScope();
        using var random = new Generator(7);
        var shape = TModel.Card.Input.Batch(Samples);
        using var input = new StepInput<ClassLabels>(
            randn(shape, generator: random), new(tensor(new long[] { 1, 2, 3 })), [5, 500, 999], randn(shape, generator: random));
        return TrainingStep.Backward(model, TModel.Process, input, new TrainingRecipe { ActivationCheckpointing = checkpoints });
    }
}
