using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Models are filled from wherever a checkpoint keeps their weights.</summary>
public sealed class CheckpointSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("state_dict.", CheckpointWeights.Auto)]
    [InlineData("state_dict.ema.", CheckpointWeights.Auto)]
    [InlineData("state_dict.ema.", CheckpointWeights.Ema)]
    [InlineData("state_dict.model.", CheckpointWeights.Model)]
    public void A_checkpoint_of_Lightning_fills_a_model(string prefix, CheckpointWeights weights)
    {
        using var scope = NewDisposeScope();
        using var model = nn.Linear(3, 2);
        CheckpointEntry[] map = [new("weight", 2, 3), new("bias", 2)];
        SafeTensors.Save(folder["a"],
            [(prefix + "weight", arange(6f).view(2, 3)), (prefix + "bias", ones(2)), ("optimizer_states.0.step", ones(1))]);
        Checkpoint.LoadInto(model, "Linear", map, folder["a"], weights);
        Assert.Equal(5f, model.weight[1, 2].item<float>());
        if (prefix == "state_dict.")
            Assert.Contains("state_dict.ema.*", Assert.Throws<DitException>(
                () => Checkpoint.LoadInto(model, "Linear", map, folder["a"], CheckpointWeights.Ema)).Message);
    }

    [Fact]
    public void A_folder_of_diffusers_fills_a_model()
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(folder["transformer"]);
        SafeTensors.Save(folder["transformer", "diffusion_pytorch_model.safetensors"], [("weight", full([1, 2], 3f))]);
        using var model = nn.Linear(2, 1, hasBias: false);
        Checkpoint.LoadInto(model, "Linear", [new("weight", 1, 2)], folder.Root);
        Assert.Equal(6f, model.weight.sum().item<float>());
    }
}
