using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>What a user meets besides numbers: seeds, guards, types, files.</summary>
public class GeneratedModelTests
{
    [Fact]
    public void A_new_model_predicts_zero_and_its_blocks_are_the_identity()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = GoldenP2.Create();

        var blocks = 0;
        foreach (
            var block in model.named_modules().Where(static m => System.Text.RegularExpressions.Regex.IsMatch(m.name, @"^blocks\.\d+$")))
            ((nn.Module<Tensor, Tensor, Tensor>)block.module).register_forward_hook(
                (_, x, _, output) =>
                {
                    Assert.True(x.Equals(output));
                    blocks++;
                    return output;
                });

        Assert.Equal(0, model.call(randn(2, 4, 8, 8), tensor(new long[] { 5, 6 }), tensor(new long[] { 1, 10 })).abs().max().item<float>());
        Assert.Equal(GoldenP2.Card.Depth, blocks);
    }

    [Fact]
    public void Gradients_reach_every_trainable_parameter_once_the_zeros_have_moved()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create(seed: 3);
        using (no_grad())
            foreach (var p in model.parameters().Where(static p => p.requires_grad)) p.add_(0.01 * randn_like(p));

        model.call(randn(2, 4, 8, 8), tensor(new long[] { 5, 6 }), tensor(new long[] { 1, 10 })).square().mean().backward();

        Assert.All(model.named_parameters().Where(static p => p.parameter.requires_grad), static p =>
            Assert.True(p.parameter.grad is { } grad && grad.abs().max().item<float>() > 0, p.name));
        Assert.Equal("pos_embed", Assert.Single(model.named_parameters(), static p => !p.parameter.requires_grad).name);
    }

    [Fact]
    public void The_seed_decides_the_parameters_and_the_global_generator_is_left_alone()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var before = rand(4);
        random.manual_seed(1);
        using var first = GoldenP2.Create(seed: 7);
        using var second = GoldenP2.Create(seed: 7);
        using var other = GoldenP2.Create(seed: 8);

        Assert.True(before.Equals(rand(4)));
        Assert.All(first.state_dict(), p => Assert.True(p.Value.Equals(second.state_dict()[p.Key]), p.Key));
        Assert.False(first.state_dict()["blocks.0.attn.qkv.weight"].Equals(other.state_dict()["blocks.0.attn.qkv.weight"]));
    }

    [Fact]
    public void Initial_values_follow_the_papers_rules()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create(seed: 1);
        var state = model.state_dict();

        Assert.All(state.Where(static p => p.Key.Contains("adaLN") || p.Key.StartsWith("final_layer") || p.Key.EndsWith(".bias")),
            static p => Assert.Equal(0, p.Value.abs().max().item<float>()));
        Assert.InRange(state["t_embedder.mlp.2.weight"].std().item<float>(), 0.018, 0.022);
        Assert.InRange(state["y_embedder.embedding_table.weight"].std().item<float>(), 0.016, 0.024);
        var bound = Math.Sqrt(6.0 / (32 + 96));
        Assert.InRange(state["blocks.0.attn.qkv.weight"].abs().max().item<float>(), 0.95 * bound, bound);
        Assert.InRange(
            state["x_embedder.proj.weight"].abs().max().item<float>(), 0.9 * Math.Sqrt(6.0 / (32 + 16)), Math.Sqrt(6.0 / (32 + 16)));
    }

    [Theory]
    [InlineData(
        new long[] { 2, 3, 8, 8 }, 2, 2,
        "Golden-P2: x must have the shape (N, 4, 8, 8), or other multiples of 2 for its sides, but has (2, 3, 8, 8).")]
    [InlineData(
        new long[] { 2, 4, 8, 15 }, 2, 2,
        "Golden-P2: x must have the shape (N, 4, 8, 8), or other multiples of 2 for its sides, but has (2, 4, 8, 15).")]
    [InlineData(new long[] { 2, 4, 8, 8 }, 3, 2, "Golden-P2: t must have the shape (2,), one value for each sample, but has (3).")]
    [InlineData(new long[] { 2, 4, 8, 8 }, 2, 1, "Golden-P2: labels must have the shape (2,), one value for each sample, but has (1).")]
    public void A_wrong_shape_is_named_with_the_model_the_argument_and_both_shapes(long[] x, int t, int labels, string message)
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create();

        var error = Assert.Throws<DitException>(() => model.call(zeros(x), zeros(t), zeros(labels, ScalarType.Int64)));

        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void Labels_of_another_type_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create();

        var error = Assert.Throws<DitException>(() => model.call(zeros(1, 4, 8, 8), zeros(1), zeros(1)));

        Assert.Equal("Golden-P2: labels must be of type Int64, but are of type Float32.", error.Message);
    }

    [Fact]
    public void Half_precision_models_run_and_stay_near()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = new GoldenFile("dit-p2", "dit");
        using var folder = new TemporaryFolder();
        SafeTensors.Save(folder["weights.safetensors"], golden.Under("param."));
        using var model = GoldenP2.Load(folder["weights.safetensors"], dtype: ScalarType.BFloat16);

        using var y = model.call(golden["in.x"].to(ScalarType.BFloat16), golden["in.t"], golden["in.y"]);

        Assert.Equal(ScalarType.BFloat16, y.dtype);
        Close.To(golden["out.forward"], y.to(ScalarType.Float32), 0.1);
    }

    [Theory]
    [InlineData("dit-p2.state_dict.pt", "param.")]
    [InlineData("dit-p2.train_checkpoint.pt", "ema.")]
    public void Files_written_by_torch_save_load_into_the_generated_model(string file, string prefix)
    {
        using var wanted = new GoldenFile(prefix == "ema." ? "dit-p2.train_checkpoint.expected" : "dit-p2", "dit");
        using var model = GoldenP2.Load(GoldenFile.Path($"dit/{file}"));

        Assert.All(wanted.Under(prefix), p => Assert.True(p.Value.Equals(model.state_dict()[p.Name]), p.Name));
    }

    [Fact]
    public void A_forward_pass_leaves_one_tensor()
    {
        using var model = GoldenP2.Create();
        using var x = randn(2, 4, 8, 8);
        using var t = tensor(new long[] { 5, 6 });
        using var labels = tensor(new long[] { 1, 10 });
        using (no_grad()) model.call(x, t, labels).Dispose();
        var before = LiveTensors.Count();

        using (no_grad())
        using (model.call(x, t, labels))
            Assert.Equal(before + 1, LiveTensors.Count());
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_thousand_guided_sampling_steps_leave_no_tensor_behind()
    {
        using var model = GoldenP8.Create();
        GoldenP8.Samplers.Ddpm10.Sample(model, [1], guidance: 2).Dispose();
        var before = LiveTensors.Count();

        GoldenP8.Samplers.Ddpm10.WithSteps(1000).Sample(model, [1], guidance: 2).Dispose();

        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_model_outlives_the_dispose_scope_it_was_made_in()
    {
        GoldenP8 made, loaded;
        using var folder = new TemporaryFolder();
        using (NewDisposeScope())
        {
            made = GoldenP8.Create(seed: 2);
            Checkpoint.Save(made, folder["m.safetensors"]);
            loaded = GoldenP8.Load(folder["m.safetensors"]);
        }

        using (made)
        using (loaded)
            Assert.All(made.state_dict(), p => Assert.True(p.Value.Equals(loaded.state_dict()[p.Key]), p.Key));
    }

    [Fact]
    public void A_saved_model_says_what_it_is_of()
    {
        using var folder = new TemporaryFolder();
        using (var model = GoldenP8.Create())
            Checkpoint.Save(
                model,
                folder["m.safetensors"],
                new Dictionary<string, string> { ["step"] = "7", ["dit.autoencoder"] = "mine" });

        using var file = CheckpointFile.Open(folder["m.safetensors"]);

        var wanted = new Dictionary<string, string>(GoldenP8.Card.ToMetadata())
        {
            ["format"] = "pt",
            ["step"] = "7",
            ["dit.autoencoder"] = "mine",
        };
        Assert.Equal(wanted.OrderBy(m => m.Key, StringComparer.Ordinal), file.Metadata);
        Assert.Equal((GoldenP8.Card.Name, GoldenP8.Card.SpecHash), (file.Metadata["dit.model"], file.Metadata["dit.spec"]));
        Assert.Equal($"{GoldenP8.Card.Parameters}", file.Metadata["dit.parameters"]);
    }

    [Fact]
    public void Guided_calls_are_guarded_as_plain_ones_are()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create();

        var error = Assert.Throws<DitException>(() =>
            model.ForwardWithGuidance(zeros(2, 4, 8, 8), zeros(3), zeros(2, ScalarType.Int64), 2));

        Assert.Equal("Golden-P2: t must have the shape (2,), one value for each sample, but has (3).", error.Message);
    }

    [Fact]
    public void Positions_are_the_official_table()
    {
        using var golden = new GoldenFile("pos-embed-1152x16", "dit");
        using var table = Positions.SinCos2D(1152, 16, 16);
        using var scope = NewDisposeScope();

        Assert.Equal(golden["sum"].item<double>(), table.sum().item<double>(), 1e-6);
        Assert.Equal(golden["abs_sum"].item<double>(), table.abs().sum().item<double>(), 1e-6);
        Assert.InRange((golden["pos_embed_head"] - table.narrow(1, 0, 32)).abs().max().item<double>(), 0, 1e-12);
        Assert.InRange((golden["pos_embed_row17"] - table[17]).abs().max().item<double>(), 0, 1e-12);
    }

    [Fact]
    public void Samplers_are_the_declared_ones_whichever_is_touched_first()
    {
        Assert.Equal("ddim-10", GoldenP8.Samplers.Ddim10.Name);
        Assert.Equal(["ddpm-10", "ddim-10"], GoldenP8.AllSamplers.Select(static s => s.Name));
    }
}
