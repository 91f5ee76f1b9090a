namespace Dit.Checkpoints.Tests;

/// <summary>
/// Files that PyTorch wrote (golden/torch), in every format it has: types, shapes and bits are those it saved.
/// </summary>
public sealed class TorchFixtureTests
{
    public static TheoryData<string, string> Files => new()
    {
        { "state.pt", "state" },
        { "state.protocol4.pt", "state" },
        { "state.legacy.pt", "state" },
        { "state.legacy.protocol4.pt", "state" },
        { "training.pt", "training" },
        { "training.legacy.pt", "training" },
        { "lightning.pt", "lightning" },
        { "lightning.legacy.pt", "lightning" },
    };

    [Theory, MemberData(nameof(Files))]
    public void A_file_of_PyTorch_holds_what_PyTorch_saved(string given, string expected)
    {
        using var file = CheckpointFile.Open(GoldenFile.Path($"torch/{given}"));
        if (given.Contains("legacy"))
            Assert.IsType<LegacyTorchFile>(file);
        else
            Assert.IsType<TorchArchive>(file);
        using var wanted = SafeTensorsFile.Open(GoldenFile.Path($"torch/{expected}.expected.safetensors"));
        Assert.Equal(wanted.Tensors.Keys, file.Tensors.Keys);
        foreach (var name in wanted.Tensors.Keys)
            AssertEqual(wanted, file, name);
    }

    [Theory]
    [InlineData("training.pt")]
    [InlineData("training.legacy.pt")]
    public void The_plain_values_of_a_training_checkpoint_are_its_metadata(string name)
    {
        using var file = CheckpointFile.Open(GoldenFile.Path($"torch/{name}"));
        Assert.Equal("DiT-XL/2", file.Metadata["args.model"]);
        Assert.Equal("0.0001", file.Metadata["opt.param_groups.0.lr"]);
        Assert.Equal("None", file.Metadata["args.resume"]);
        Assert.Equal("True", file.Metadata["args.use_ema"]);
    }

    [Theory]
    [InlineData("lightning.pt")]
    [InlineData("lightning.legacy.pt")]
    public void A_component_of_a_Lightning_checkpoint_is_a_view_of_it(string name)
    {
        using var file = CheckpointFile.Open(GoldenFile.Path($"torch/{name}")).Below("state_dict.first_stage_model.");
        Assert.Equal(["encoder.conv_in.weight"], file.Tensors.Keys);
        Assert.Equal("470000", file.Metadata["global_step"]);
    }

    [Fact]
    public void Reading_a_file_leaves_no_tensor_behind()
    {
        var before = LiveTensors.Count();
        foreach (var name in new[] { "state.pt", "state.legacy.pt" })
        {
            using var file = CheckpointFile.Open(GoldenFile.Path($"torch/{name}"));
            foreach (var tensor in file.Tensors.Keys)
                file.Read(tensor).Dispose();
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    internal static void AssertEqual(ICheckpointFile wanted, ICheckpointFile given, string name)
    {
        Assert.Equal(wanted.Tensors[name].Shape, given.Tensors[name].Shape);
        Assert.Equal(wanted.Tensors[name].DType, given.Tensors[name].DType);
        using var a = wanted.Read(name);
        using var b = given.Read(name);
        Assert.Equal(a.shape, b.shape);
        Assert.Equal(a.dtype, b.dtype);
        Assert.True(a.NumberOfElements == 0 || a.bytes.SequenceEqual(b.bytes), name);
    }
}
