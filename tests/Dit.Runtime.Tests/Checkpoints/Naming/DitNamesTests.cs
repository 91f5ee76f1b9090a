using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class DitNamesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_tensor_of_the_official_DiT_XL_2_has_its_place_in_diffusers_and_back()
    {
        var own = OfficialXL2();
        var map = DitNames.Diffusers(XL2, own);
        Assert.Empty(map.Problems(own));
        Assert.Empty(DitNames.Official(XL2, own).Problems(own));

        var foreign = map.Foreign.ToDictionary(static e => e.Name, static e => e.Shape);
        Assert.Equal(DiffusersXL2().Order(StringComparer.Ordinal), foreign.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([1152L, 1152], foreign["transformer_blocks.27.attn1.to_k.weight"]);
        Assert.Equal([1152L], foreign["transformer_blocks.27.attn1.to_v.bias"]);
        Assert.Equal([1001L, 1152], foreign["transformer_blocks.13.norm1.emb.class_embedder.embedding_table.weight"]);
        Assert.Equal([2304L, 1152], foreign["proj_out_1.weight"]);
        Assert.Equal([32L, 1152], foreign["proj_out_2.weight"]);

        // What diffusers stores, its copies counted once, is what the official file stores without the position table.
        var stored = map.Tensors.Sum(static t => t.Match(static s => s.Parts.Sum(static p => p.Elements), static _ => 0));
        Assert.Equal(own.Sum(static e => Elements(e.Shape)) - 256 * 1152, stored);
        Assert.Equal("pos_embed", Assert.Single(map.Tensors.OfType<MappedTensor.Computed>()).Own.Name);
    }

    [Fact]
    public void Official_to_diffusers_to_official_is_bit_for_bit_the_same()
    {
        using var model = Stirred.Create<SmallOfficial>();
        Checkpoint.Save(model, folder["official"]);
        var map = DitNames.Diffusers<SmallOfficial>();
        using (var file = CheckpointFile.Open(folder["official"]))
            SafeTensors.Save(folder["diffusers"], map.Write(file));
        using (var file = map.Read(CheckpointFile.Open(folder["diffusers"])))
            SafeTensors.Save(folder["again"], file);
        Assert.Equal(File.ReadAllBytes(folder["official"]), File.ReadAllBytes(folder["again"]));

        using (var file = CheckpointFile.Open(folder["official"]))
            SafeTensors.Save(folder["straight"], map.Write(model), file.Metadata);
        Assert.Equal(File.ReadAllBytes(folder["diffusers"]), File.ReadAllBytes(folder["straight"]));
    }

    [Fact]
    public void A_file_of_the_official_code_comes_back_bit_for_bit_its_position_table_included()
    {
        using var scope = NewDisposeScope();
        var map = DitNames.Diffusers<GoldenP2>();
        using var official = CheckpointFile.Open(GoldenFile.Path("dit/dit-p2.state_dict.pt"));
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.Float16])
        {
            SafeTensors.Save(folder["there"], map.Write(official), dtype: type);
            using var back = map.Read(CheckpointFile.Open(folder["there"]));
            Assert.Equal(official.Tensors.Keys, back.Tensors.Keys);
            Assert.All(official.Tensors.Keys, name => Assert.True(official.Read(name, dtype: type).Equals(back.Read(name)), name));
        }
    }

    [Fact]
    public void Positions_that_diffusers_would_not_compute_are_not_lost_in_silence()
    {
        using var model = Stirred.Create<SmallOfficial>();
        using (no_grad()) model.state_dict()["pos_embed"].mul_(2);
        Assert.Contains("where 'pos_embed' is computed and not stored",
            Assert.Throws<DitException>(() => DitNames.Diffusers<SmallOfficial>().Write(model)).Message);
    }

    [Fact]
    public void A_model_with_the_numerics_of_diffusers_computes_what_PyTorch_does_with_its_formulas()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var expected = new GoldenFile("dit-small.expected", "diffusers");
        using var model = SmallDiffusers.Load(Golden);
        var output = model.call(expected["x"], expected["t"], expected["labels"]);
        Close.To(expected["output.diffusers"], output, Close.OneStep);
        using (var session = model.CreateSession())
            Close.To(expected["output.diffusers"], session.Forward(expected["x"], expected["t"], new(expected["labels"])), Close.OneStep,
                session.Engine);

        // Each of the two differences shows in these weights, so that neither could be missing.
        foreach (var other in (string[])["output.official", "output.only_time", "output.only_eps"])
            Assert.True((output - expected[other]).abs().max().item<float>() > 0.01, other);
    }

    [Fact]
    public void The_official_model_with_the_same_weights_differs_as_the_formulas_say()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var expected = new GoldenFile("dit-small.expected", "diffusers");
        using (var own = DitNames.Diffusers<SmallDiffusers>().Read(CheckpointFile.Open(Golden)))
            SafeTensors.Save(folder["own"], own);
        using var official = SmallOfficial.Load(folder["own"]);
        Close.To(expected["output.official"], official.call(expected["x"], expected["t"], expected["labels"]), Close.OneStep);
        using var diffusers = SmallDiffusers.Load(folder["own"]);
        Close.To(expected["output.diffusers"], diffusers.call(expected["x"], expected["t"], expected["labels"]), Close.OneStep);
    }

    [Fact]
    public void A_file_of_diffusers_loads_by_itself_into_a_model_of_those_numerics_only()
    {
        var refused = Assert.Throws<DitException>(() => SmallOfficial.Load(Golden));
        Assert.Equal(
            $"'{Golden}' has the names of diffusers, whose arithmetic is not quite that of the official code, which Small-Official "
                + "follows: "
                + "write 'numerics: diffusers' in its spec to compute as diffusers does, or 'dit convert' the file to use its weights "
                    + "with the official arithmetic.",
            refused.Message);
        using var half = SmallDiffusers.Load(Golden, dtype: ScalarType.BFloat16);
        Assert.All(half.parameters(), static p => Assert.Equal(ScalarType.BFloat16, p.dtype));
        Assert.Equal((Numerics.Official, Numerics.Diffusers), (SmallOfficial.Card.Numerics, SmallDiffusers.Card.Numerics));
    }

    [Fact]
    public void Loading_a_file_of_diffusers_leaves_no_more_alive_than_loading_one_of_the_official_names()
    {
        using var model = SmallDiffusers.Load(Golden);
        Checkpoint.Save(model, folder["own"]);
        var before = LiveTensors.Count();
        using var own = SmallDiffusers.Load(folder["own"]);
        var between = LiveTensors.Count();
        using var foreign = SmallDiffusers.Load(Golden);
        Assert.Equal(between - before, LiveTensors.Count() - between);
    }

    [Fact]
    public void A_folder_of_diffusers_gives_the_same_outputs_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = Stirred.Create<SmallDiffusers>();
        DiffusersFolder.Save(model, folder["folder"]);
        Assert.Equal(
            ["model_index.json", "scheduler/scheduler_config.json", "transformer/config.json",
            "transformer/diffusion_pytorch_model.safetensors"],
            Directory.GetFiles(folder["folder"], "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(folder["folder"], f).Replace('\\', '/')).Order());
        using var loaded = SmallDiffusers.Load(folder["folder"]);
        var (x, t, labels) = (randn(2, 4, 4, 4), tensor([3L, 700]), tensor([1L, 5]));
        Assert.True(model.call(x, t, labels).Equals(loaded.call(x, t, labels)));
        Assert.Contains("exists already", Assert.Throws<DitException>(() => DiffusersFolder.Save(model, folder["folder"])).Message);
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void The_settings_beside_the_weights_are_those_of_the_model()
    {
        DiffusersFolder.Save(Stirred.Create<SmallDiffusers>(), folder["folder"], ScalarType.BFloat16);
        using (var file = CheckpointFile.Open(folder["folder"]))
        {
            Assert.All(file.Tensors.Values, static info => Assert.Equal(ScalarType.BFloat16, info.DType));
            string[] settings = ["num_attention_heads", "attention_head_dim", "in_channels", "out_channels", "num_layers", "sample_size",
                "patch_size", "num_embeds_ada_norm", "norm_eps", "norm_type"];
            Assert.Equal(["2", "8", "4", "8", "2", "4", "2", "5", "1E-05", "ada_norm_zero"],
                settings.Select(key => file.Metadata[$"config.{key}"]));
            string[] process = ["_class_name", "num_train_timesteps", "beta_schedule", "beta_start", "beta_end", "prediction_type",
                "clip_sample"];
            Assert.Equal(["DDIMScheduler", "1000", "linear", "0.0001", "0.02", "epsilon", "false"],
                process.Select(key => file.Metadata[$"scheduler.{key}"]));
        }
        // Heads do not show in shapes, nor does the grid where no positions are stored.
        var config = folder["folder", "transformer", "config.json"];
        var right = File.ReadAllText(config);
        File.WriteAllText(config, right.Replace("\"num_attention_heads\": 2", "\"num_attention_heads\": 4"));
        Assert.Contains("has num_attention_heads 4, and Small-Diffusers has 2",
            Assert.Throws<DitException>(() => SmallDiffusers.Load(folder["folder"])).Message);
        File.WriteAllText(config, right.Replace("\"sample_size\": 4", "\"sample_size\": 8"));
        Assert.Contains("has sample_size 8, and the input of Small-Diffusers is 4 x 4 x 4",
            Assert.Throws<DitException>(() => SmallDiffusers.Load(folder["folder"])).Message);
    }

    [Fact]
    public void A_file_of_SiT_loads_and_the_first_half_of_the_output_is_what_SiT_computes()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = new GoldenFile("sit", "sit");
        SafeTensors.Save(folder["sit"], golden.Under("param."));
        using (var file = CheckpointFile.Open(folder["sit"]))
            Assert.Equal(0, DitNames.Official<GoldenP2>().DifferenceFrom(file).Count);
        using var model = GoldenP2.Load(folder["sit"]);
        var output = model.call(golden["in.data"], golden["in.t"], golden["in.y"]);
        Close.To(golden["out.model"], output.narrow(1, 0, 4), Close.OneStep);
    }

    [Fact]
    public void A_damaged_file_of_diffusers_is_refused_in_its_own_names()
    {
        const string Gone = "transformer_blocks.1.attn1.to_k.weight",
            Copy = "transformer_blocks.1.norm1.emb.timestep_embedder.linear_2.bias";
        Rewrite("missing", static tensors => tensors.Remove(Gone));
        Assert.Equal([Gone], Assert.Throws<CheckpointMismatchException>(() => SmallDiffusers.Load(folder["missing"])).Missing);
        Rewrite("more", static tensors => tensors["transformer_blocks.2.attn1.to_k.weight"] = tensors[Gone]);
        Assert.Equal(["transformer_blocks.2.attn1.to_k.weight"],
            Assert.Throws<CheckpointMismatchException>(() => SmallDiffusers.Load(folder["more"])).Unexpected);
        Rewrite("shape", static tensors => tensors["proj_out_2.bias"] = tensors["proj_out_2.bias"].view(8, 4));
        Assert.Equal("proj_out_2.bias",
            Assert.Single(Assert.Throws<CheckpointMismatchException>(() => SmallDiffusers.Load(folder["shape"])).Misshaped).Name);
        Rewrite("copies", static tensors => tensors[Copy] = tensors[Copy] + 1);
        Assert.Contains($"'{Copy}' must hold the same values",
            Assert.Throws<DitException>(() => SmallDiffusers.Load(folder["copies"])).Message);
    }

    [Theory]
    [MemberData(nameof(WithoutForm))]
    public void A_model_that_diffusers_has_no_form_of_says_why(ModelCard card, IReadOnlyList<CheckpointEntry> own, string reason)
    {
        var e = Assert.Throws<DitException>(() => DitNames.Diffusers(card, own));
        Assert.StartsWith($"{card.Name} has no form in diffusers", e.Message);
        Assert.EndsWith($": {reason}.", e.Message);
        Assert.Empty(DitNames.Official(card, own).Problems(own));
    }

    public static TheoryData<ModelCard, IReadOnlyList<CheckpointEntry>, string> WithoutForm => new()
    {
        { VAdaLNClasses.Card, VAdaLNClasses.CheckpointMap, "this one is adaln" },
        { VAdaLNZeroText.Card, VAdaLNZeroText.CheckpointMap, "this one is conditioned on text" },
        { VAdaLNZeroNone.Card, VAdaLNZeroNone.CheckpointMap, "this one is conditioned on nothing" },
        { VAdaLNZeroClasses.Card, VAdaLNZeroClasses.CheckpointMap, "the input of this one is 3 x 8 x 12" },
        { GoldenP4.Card, GoldenP4.CheckpointMap, "that of this one has 96 channels beside tokens of 48" },
        { SmallOfficial.Card with { Condition = new ModelCondition.Classes(6, 0) }, SmallOfficial.CheckpointMap,
            "this one has no null class" },
        { SmallOfficial.Card with { Backbone = "u-vit" }, SmallOfficial.CheckpointMap, "this one is of the backbone u-vit" },
    };

    private static string Golden => GoldenFile.Path("diffusers/dit-small.safetensors");

    private static ModelCard XL2 => SmallOfficial.Card with
    {
        Name = "DiT-XL/2",
        Depth = 28,
        Width = 1152,
        Heads = 16,
        Input = new(4, 32, 32),
        Tokens = 256,
        Condition = new ModelCondition.Classes(1000, 0.1),
    };

    private static CheckpointEntry[] OfficialXL2()
    {
        using var json = JsonDocument.Parse(GoldenFile.Bytes("dit/official-models.json"));
        return [.. json.RootElement.GetProperty("DiT-XL/2 state dict").EnumerateObject().Select(static p =>
            new CheckpointEntry(p.Name, [.. p.Value.EnumerateArray().Select(static side => side.GetInt64())]))];
    }

    // As published in facebook/DiT-XL-2-256, folder transformer.
    private static IEnumerable<string> DiffusersXL2() =>
    [
        .. Both("pos_embed.proj"),
        .. Enumerable.Range(0, 28).SelectMany(static i => new[]
        {
            $"transformer_blocks.{i}.norm1.emb.timestep_embedder.linear_1", $"transformer_blocks.{i}.norm1.emb.timestep_embedder.linear_2",
            $"transformer_blocks.{i}.norm1.linear", $"transformer_blocks.{i}.attn1.to_q", $"transformer_blocks.{i}.attn1.to_k",
            $"transformer_blocks.{i}.attn1.to_v", $"transformer_blocks.{i}.attn1.to_out.0", $"transformer_blocks.{i}.ff.net.0.proj",
            $"transformer_blocks.{i}.ff.net.2",
        }.SelectMany(Both).Append($"transformer_blocks.{i}.norm1.emb.class_embedder.embedding_table.weight")),
        .. Both("proj_out_1"), .. Both("proj_out_2"),
    ];

    private static IEnumerable<string> Both(string module) => [$"{module}.weight", $"{module}.bias"];

    private static long Elements(long[] shape) => shape.Aggregate(1L, static (product, size) => product * size);

    private void Rewrite(string name, Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(Golden);
        var tensors = file.Tensors.Keys.ToDictionary(static n => n, n => file.Read(n));
        change(tensors);
        SafeTensors.Save(folder[name], tensors.Select(static t => (t.Key, t.Value)));
    }
}
