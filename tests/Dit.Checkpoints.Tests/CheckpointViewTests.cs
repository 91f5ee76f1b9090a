using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public sealed class CheckpointViewTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_view_below_a_prefix_has_the_names_that_remain_and_reads_their_tensors()
    {
        using var scope = NewDisposeScope();
        using var inner = Latent().Below("state_dict.first_stage_model.");
        Assert.Equal(["encoder.weight", "encoder.bias"], inner.Tensors.Keys);
        Assert.Equal([2L, 3], inner.Tensors["encoder.weight"].Shape);
        Assert.Equal("7", inner.Metadata["step"]);
        Assert.Equal(folder["a"], inner.Path);
        Assert.Equal(5f, inner.Read("encoder.weight")[1, 2].item<float>());
        var bias = zeros(3, ScalarType.Float64);
        inner.CopyInto("encoder.bias", bias);
        Assert.Equal(3, bias.sum().item<double>());
        Assert.Contains("no tensor 'state_dict.first_stage_model.x'", Assert.Throws<DitException>(() => inner.Read("x")).Message);
    }

    [Fact]
    public void Views_add_up_and_the_empty_prefix_is_the_file_itself()
    {
        using var inner = Latent().Below("state_dict.").Below("").Below("first_stage_model.");
        Assert.Equal(["encoder.weight", "encoder.bias"], inner.Tensors.Keys);
        Assert.True(inner.Holds("encoder."));
        Assert.False(inner.Holds("decoder."));
        using var none = Latent().Below("no.such.");
        Assert.Empty(none.Tensors);
    }

    [Fact]
    public void A_view_closes_its_file_and_leaves_no_tensor_behind()
    {
        var file = Latent();
        var before = LiveTensors.Count();
        using (var view = file.Below("state_dict."))
            view.Read("cond.weight").Dispose();
        Assert.Equal(before, LiveTensors.Count());
        using var alone = new FileStream(folder["a"], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.CanWrite);
    }

    private ICheckpointFile Latent()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(
            folder["a"],
            [
                ("state_dict.first_stage_model.encoder.weight", arange(6f).view(2, 3)),
                ("state_dict.first_stage_model.encoder.bias", ones(3)),
                ("state_dict.cond.weight", ones(1)),
            ],
            new Dictionary<string, string> { ["step"] = "7" });
        return CheckpointFile.Open(folder["a"]);
    }
}
