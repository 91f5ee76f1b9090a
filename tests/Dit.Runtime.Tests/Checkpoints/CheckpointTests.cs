using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class CheckpointTests : IDisposable
{
    private const string Name = "Small-2";

    private static readonly CheckpointEntry[] Map =
    [
        new("pos_embed", 1, 4, 8), new("blocks.0.weight", 8, 8), new("blocks.0.bias", 8), new("blocks.1.weight", 8, 8),
        new("blocks.1.bias", 8),
    ];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void A_saved_model_loads_into_another_of_any_type(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var model = new Small();
        Checkpoint.Save(model, folder["a"], new Dictionary<string, string> { ["model"] = Name });
        using var loaded = Checkpoint.Load(folder["a"], Name, Map, () => new Small(type));
        AssertSame(model.state_dict(), loaded.state_dict(), type);
        Assert.True(loaded.state_dict()["blocks.0.weight"].requires_grad);
        using var file = CheckpointFile.Open(folder["a"]);
        Assert.Equal(Name, file.Metadata["model"]);
        Assert.Equal(Map.Select(e => e.Name), file.Tensors.Keys);
    }

    [Fact]
    public void A_model_saved_as_half_takes_half_the_place()
    {
        using var scope = NewDisposeScope();
        using var model = new Small();
        Checkpoint.Save(model, folder["a"], dtype: ScalarType.BFloat16);
        using var file = CheckpointFile.Open(folder["a"]);
        Assert.All(file.Tensors.Values, info => Assert.Equal(ScalarType.BFloat16, info.DType));
        using var loaded = Checkpoint.Load(folder["a"], Name, Map, () => new Small());
        Assert.True(loaded.state_dict()["pos_embed"].equal(model.state_dict()["pos_embed"].bfloat16().@float()).all().item<bool>());
    }

    [Fact]
    public void A_training_checkpoint_gives_the_averaged_weights_unless_others_are_asked_for()
    {
        using var scope = NewDisposeScope();
        using var trained = new Small();
        using var averaged = new Small();
        var both = trained.state_dict().Select(t => ("model." + t.Key, t.Value))
            .Concat(averaged.state_dict().Select(t => ("ema." + t.Key, t.Value)));
        SafeTensors.Save(folder["a"], both.Append(("opt.state.0.step", tensor(3L))));
        using var model = new Small();
        Checkpoint.LoadInto(model, Name, Map, folder["a"]);
        AssertSame(averaged.state_dict(), model.state_dict());
        Checkpoint.LoadInto(model, Name, Map, folder["a"], CheckpointWeights.Model);
        AssertSame(trained.state_dict(), model.state_dict());
        Checkpoint.LoadInto(model, Name, Map, folder["a"], CheckpointWeights.Ema);
        AssertSame(averaged.state_dict(), model.state_dict());

        SafeTensors.Save(folder["b"], trained.state_dict().Select(t => ("model." + t.Key, t.Value)));
        Checkpoint.LoadInto(model, Name, Map, folder["b"]);
        AssertSame(trained.state_dict(), model.state_dict());
        var e = Assert.Throws<DitException>(() => Checkpoint.LoadInto(model, Name, Map, folder["b"], CheckpointWeights.Ema));
        Assert.Contains("no tensors named ema.*", e.Message);
    }

    [Fact]
    public void A_file_that_does_not_fit_lists_everything_and_leaves_the_model_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var model = new Small();
        var before = model.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        SafeTensors.Save(folder["a"],
        [
            ("blocks.0.weight", ones(8, 8)), ("blocks.0.bias", ones(9)), ("blocks.1.weight", ones(8, 4, 2)), ("pos_embed", ones(1, 4, 8)),
            ("head.weight", ones(2)), ("head.bias", ones(2)),
        ]);
        var e = Assert.Throws<CheckpointMismatchException>(() => Checkpoint.LoadInto(model, Name, Map, folder["a"]));
        Assert.Equal(["blocks.1.bias"], e.Missing);
        Assert.Equal(["head.weight", "head.bias"], e.Unexpected);
        Assert.Equal(["blocks.0.bias", "blocks.1.weight"], e.Misshaped.Select(m => m.Name));
        Assert.Equal($"""
            '{folder["a"]}' is not a checkpoint of Small-2: tensors missing 1, unexpected 2, of another shape 2.
              missing: blocks.1.bias
              unexpected: head.weight, head.bias
              of another shape: blocks.0.bias (wanted (8,), given (9,)), blocks.1.weight (wanted (8, 8), given (8, 4, 2))
            """, e.Message);
        AssertSame(before, model.state_dict());
    }

    [Fact]
    public void Long_lists_are_cut_in_the_message_and_whole_in_the_exception()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["a"], Enumerable.Range(0, 14).Select(i => ($"x{i}", ones(2))));
        using var model = new Small();
        var e = Assert.Throws<CheckpointMismatchException>(() => Checkpoint.LoadInto(model, Name, Map, folder["a"]));
        Assert.Equal(14, e.Unexpected.Count);
        Assert.Equal(e.Message.Split('\n')[0], e.Summary);
        Assert.Contains("x9 and 4 more", e.Message);
        Assert.DoesNotContain("x10", e.Message);
    }

    [Fact]
    public void Known_reasons_are_named()
    {
        AssertReason("width is 4, the model's 8",
            [.. Map.Select(e => new CheckpointEntry(e.Name, [.. e.Shape.Select(side => side == 8 ? 4 : side)]))]);
        AssertReason("another image size", Shapes(("pos_embed", [1, 16, 8])));
        AssertReason("ends before block 1", [.. Map.Where(e => !e.Name.StartsWith("blocks.1."))]);
        AssertReason("goes on to block 2", [.. Map, new("blocks.2.weight", 8, 8), new("blocks.2.bias", 8)]);
        AssertReason("goes on to block 3",
            [.. Map, new("blocks.2.weight", 8, 8), new("blocks.2.bias", 8), new("blocks.3.weight", 8, 8), new("blocks.3.bias", 8)]);
        AssertReason("its width is 4, the model's 8, and it ends before block 1",
            [.. Map.Where(e => !e.Name.StartsWith("blocks.1."))
                .Select(e => new CheckpointEntry(e.Name, [.. e.Shape.Select(side => side == 8 ? 4 : side)]))]);
        AssertReason("diffusers", [new("transformer_blocks.0.attn1.to_q.weight", 8, 8), new("proj_out_1.weight", 8, 8)]);
        AssertReason("pickled module",
            [.. Map.Select(e => new CheckpointEntry("_modules." + e.Name.Replace('.', '/') + "._parameters.weight", e.Shape))]);
    }

    [Fact]
    public void A_reason_that_explains_only_a_part_is_not_given()
    {
        CheckpointEntry[][] files =
        [
            Shapes(("pos_embed", [1, 4, 4]), ("blocks.0.bias", [9])),
                // one of the shapes follows no width
            [.. Map, new("blocks.0.q_norm.weight", 8)],                                                      // of a block that is there
            [.. Map, new("blocks.2.weight", 8, 8)],                                                          // half a block
            [.. Map, new("blocks.3.weight", 8, 8), new("blocks.3.bias", 8)],                                  // a block with none before it
            [.. Map, new("blocks.2.weight", 8, 8), new("blocks.2.bias", 8), new("head.weight", 8, 8)],        // and something else
            [.. Map.Where(e => !e.Name.EndsWith(".bias"))],                                                  // of every block
            [.. Map.Where(e => e.Name != "blocks.1.bias")],
            [.. Map.Where(e => !e.Name.StartsWith("blocks.0."))],                                            // not at the end
            [.. Map, new("transformer_blocks.0.attn1.to_q.weight", 8, 8)],
            [.. Map.Where(e => e.Name != "pos_embed"), new("other", 8, 8)],
        ];
        foreach (var file in files)
            Assert.EndsWith($"of another shape {Mismatch(file).Misshaped.Count}.", Mismatch(file).Summary);
    }

    [Fact]
    public void Whole_blocks_and_one_tensor_besides_have_no_reason()
    {
        CheckpointEntry[][] files = [Map, [.. Map.Where(e => !e.Name.StartsWith("blocks.1."))],
            [.. Map, new("blocks.2.weight", 8, 8), new("blocks.2.bias", 8)]];
        foreach (var file in files)
        {
            IEnumerable<CheckpointEntry[]> changed =
            [
                .. file.Select(left => file.Where(e => e != left).ToArray()),
                .. new[] { "blocks.0.x", "blocks.1.attn.x", "blocks.2.x", "blocks.7.weight", "extra.x", "blocks.x" }
                    .Select(name => file.Append(new(name, 3)).ToArray()),
            ];
            foreach (var given in changed)
                Assert.EndsWith("of another shape 0.", Mismatch(given).Summary);
        }
    }

    [Fact]
    public void A_tensor_of_integers_is_not_taken_for_weights()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["a"],
            Map.Select(e => (e.Name, zeros(e.Shape, e.Name == "pos_embed" ? ScalarType.Int8 : ScalarType.Float32))));
        using var model = new Small();
        var e = Assert.Throws<DitException>(() => Checkpoint.LoadInto(model, Name, Map, folder["a"]));
        Assert.Contains("'pos_embed'", e.Message);
        Assert.Contains("Int8", e.Message);
    }

    [Fact]
    public void A_map_of_another_model_is_a_defect_and_not_a_mistake_of_the_caller()
    {
        using var model = new Small();
        Checkpoint.Save(model, folder["a"]);
        using var other = nn.Linear(2, 2);
        Assert.Throws<InvalidOperationException>(() => Checkpoint.LoadInto(other, Name, Map, folder["a"]));
    }

    [Fact]
    public void A_model_is_not_created_for_a_file_that_does_not_fit()
    {
        SafeTensors.Save(folder["a"], []);
        Assert.Throws<CheckpointMismatchException>(() =>
            Checkpoint.Load<Small>(folder["a"], Name, Map, () => throw new InvalidOperationException()));
    }

    [Fact]
    public void Nothing_but_the_model_outlives_a_load_and_nothing_a_load_that_fails()
    {
        // TorchSharp counts the tensor that a Parameter was made of once too often: creating and disposing is not zero.
        var start = LiveTensors.Count();
        using (var model = new Small())
            Checkpoint.Save(model, folder["a"]);
        var drift = LiveTensors.Count() - start;

        var before = LiveTensors.Count();
        using (Checkpoint.Load(folder["a"], Name, Map, () => new Small()))
            Assert.Equal(before + drift + Map.Length, LiveTensors.Count());
        Assert.Equal(before + drift, LiveTensors.Count());

        using (var model = new Small())
        {
            before = LiveTensors.Count();
            Checkpoint.LoadInto(model, Name, Map, folder["a"]);
            Checkpoint.Save(model, folder["b"]);
            Assert.Equal(before, LiveTensors.Count());
        }

        before = LiveTensors.Count();
        Small? created = null;
        Assert.Throws<InvalidOperationException>(() => Checkpoint.Load(folder["a"], Name, [.. Map[..4], new("blocks.1.bias", 8)], () =>
        {
            created = new Small();
            created.register_buffer("another", ones(1));
            return created;
        }));
        Assert.Equal(before + drift, LiveTensors.Count());
        Assert.NotNull(created);
    }

    private static CheckpointEntry[] Shapes(params (string Name, long[] Shape)[] others) =>
        [.. Map.Select(e => others.FirstOrDefault(o => o.Name == e.Name) is { Shape: { } shape } ? new CheckpointEntry(e.Name, shape) : e)];

    private void AssertReason(string reason, CheckpointEntry[] given) => Assert.Contains(reason, Mismatch(given).Summary);

    private CheckpointMismatchException Mismatch(CheckpointEntry[] given)
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["a"], given.Select(e => (e.Name, zeros(e.Shape))));
        using var model = new Small();
        return Assert.Throws<CheckpointMismatchException>(() => Checkpoint.LoadInto(model, Name, Map, folder["a"]));
    }

    private static void AssertSame(Dictionary<string, Tensor> wanted, Dictionary<string, Tensor> given, ScalarType? type = null)
    {
        Assert.Equal(wanted.Keys, given.Keys);
        foreach (var (name, tensor) in wanted)
        {
            Assert.Equal(type ?? tensor.dtype, given[name].dtype);
            Assert.True(given[name].equal(tensor.to(type ?? tensor.dtype)).all().item<bool>(), name);
        }
    }

    private sealed class Small : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter pos_embed;
        private readonly ModuleList<Linear> blocks;

        public Small(ScalarType dtype = ScalarType.Float32) : base(nameof(Small))
        {
            // The layers' initialization leaves wrappers of their parameters behind; the parameters themselves leave
            // the scope.
            using var scope = NewDisposeScope();
            pos_embed = nn.Parameter(randn(1, 4, 8, dtype), requires_grad: false).DetachFromDisposeScope() as Parameter
                ?? throw new InvalidOperationException();
            blocks = nn.ModuleList(nn.Linear(8, 8, dtype: dtype), nn.Linear(8, 8, dtype: dtype));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return blocks[1].forward(blocks[0].forward(x + pos_embed)).MoveToOuterDisposeScope();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                pos_embed.Dispose();
            base.Dispose(disposing);
        }
    }
}
