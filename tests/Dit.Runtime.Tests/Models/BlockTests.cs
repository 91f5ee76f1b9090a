using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Generated models whose blocks differ from the paper's, in every variant and with every kind of condition.
/// </summary>
public class BlockTests
{
    public static TheoryData<string> Names =>
        [.. DitModels.All.Select(static m => m.Card.Name).Where(static n => n.StartsWith("B-", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Names))]
    public void Gradients_reach_every_trainable_parameter(string name)
    {
        using var scope = NewDisposeScope();
        var @case = VariantCase.Of(name);
        using var model = @case.Moved();
        var (x, t) = @case.Inputs();

        @case.Forward(model, x, t, true).square().mean().backward();

        Assert.All(model.named_parameters().Where(static p => p.parameter.requires_grad), static p =>
            Assert.True(p.parameter.grad is { } grad && grad.abs().max().item<float>() > 0, p.name));
        // PixArt-alpha's table is a buffer.
        Assert.Equal(
            model.named_buffers().Any(static buffer => buffer.name == "pos_embed") ? [] : ["pos_embed"],
            model.named_parameters().Where(static p => !p.parameter.requires_grad).Select(static p => p.name));
    }

    [Theory, MemberData(nameof(Names))]
    public void The_state_dict_is_the_checkpoint_map_and_survives_a_file(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var folder = new TemporaryFolder();
        var @case = VariantCase.Of(name);
        using var model = @case.Moved();
        Checkpoint.Save(model, folder["model.safetensors"]);
        using var loaded = @case.Load(folder["model.safetensors"]);
        var (x, t) = @case.Inputs();

        Assert.Equal(
            @case.Map.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}").Order(StringComparer.Ordinal),
            model.state_dict().Select(static p => $"{p.Key}: {string.Join(", ", p.Value.shape)}").Order(StringComparer.Ordinal));
        Assert.Equal(@case.Card.Parameters, model.parameters().Sum(static p => p.numel()));
        Assert.True(@case.Forward(model, x, t, true).Equals(@case.Forward(loaded, x, t, true)));
    }

    [Theory, MemberData(nameof(Names))]
    public void Two_steps_of_training_change_every_weight_and_two_steps_of_sampling_give_images(string name)
    {
        using var scope = NewDisposeScope();
        var @case = VariantCase.Of(name);
        using var model = @case.Moved();
        var before = model.named_parameters().ToDictionary(static p => p.name, static p => p.parameter.clone().detach());
        using (var optimizer = optim.AdamW(model.parameters().Where(static p => p.requires_grad), 1e-3))
            for (var step = 0; step < 2; step++)
            {
                optimizer.zero_grad();
                using var loss = @case.Process.TrainingLosses(
                    (x, t) => @case.Forward(model, x, t, true), @case.Inputs(seed: 2).X, [5, 500, 999], @case.Inputs(seed: 3).X);
                loss.Total.mean().backward();
                optimizer.step();
            }
        using var frozen = no_grad();
        Assert.All(model.named_parameters(), p =>
            Assert.Equal(p.parameter.requires_grad, (p.parameter - before[p.name]).abs().max().item<float>() > 0));

        Assert.Equal([2, 3, 8, 12], DitModels.All.Single(m => m.Card.Name == name).Accept(new Sampled(model)).shape);
    }

    private sealed class Sampled(nn.Module module) : IModelVisitor<Tensor>
    {
        public Tensor Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            var condition = AnyCondition.Of<TCondition>(
                TModel.Card, static _ => tensor(new long[] { 1, 2 }), static _ => new TextEmbeddings(zeros(2, 6, 10)), 2);
            var sampler = Assert.Single(TModel.AllSamplers);
            var image = sampler.Sample((TModel)module, condition, guidance: TModel.Card.CanBeGuided ? 2 : 1, seed: 3);
            Assert.True(image.isfinite().all().item<bool>());
            Assert.True((image[0] - image[1]).abs().max().item<float>() > 1e-3);
            return image;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_session_predicts_what_the_model_does(string name) =>
        DitModels.All.Single(m => m.Card.Name == name).Accept(new Session(VariantCase.Of(name)));

    private sealed class Session(VariantCase @case) : IModelVisitor<bool>
    {
        public bool Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var moved = @case.Moved();
            var model = (TModel)moved;
            var (x, t) = @case.Inputs();
            var condition = AnyCondition.Of<TCondition>(
                TModel.Card, static _ => tensor(new long[] { 1, 2, 3 }), static _ => new TextEmbeddings(ones(3, 6, 10)), 3);
            using var session = model.CreateSession();
            Close.To(model.Predict(x, t, condition), session.Forward(x, t, condition), Close.OneStep, session.Engine);
            return true;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void The_macs_of_the_card_are_those_of_the_layers_that_run(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var @case = VariantCase.Of(name);
        using var model = @case.Create(1);
        var counted = new MacCounter(@case.Card);
        counted.Watch(model);
        var (x, t) = @case.Inputs();

        @case.Forward(model, x, t, false);

        Assert.Equal(VariantCase.Samples * @case.Card.Macs, counted.Macs);
    }

    [Theory, MemberData(nameof(Names))]
    public void Forward_and_backward_leave_nothing_behind(string name)
    {
        var @case = VariantCase.Of(name);
        using var model = @case.Moved();
        Step();
        var before = LiveTensors.Count();
        for (var i = 0; i < 10; i++) Step();
        Assert.Equal(before, LiveTensors.Count());

        void Step()
        {
            using var scope = NewDisposeScope();
            var (x, t) = @case.Inputs();
            @case.Forward(model, x, t, true).square().mean().backward();
            foreach (var p in model.parameters()) p.grad?.zero_();
        }
    }

    [Fact]
    public void Buffers_follow_the_model_to_another_type()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = BAdaLNZeroAll.Create();
        using var generator = new Generator(3);
        foreach (var p in model.parameters().Where(static p => p.requires_grad)) p.add_(0.1 * randn(p.shape, generator: generator));
        var (x, t) = VariantCase.Of("B-AdaLNZero-All").Inputs();
        var labels = tensor(new long[] { 1, 2, 3 });
        var expected = model.call(x, t, labels);

        model.to(ScalarType.Float64);

        Assert.All(model.state_dict().Values, static value => Assert.Equal(ScalarType.Float64, value.dtype));
        Close.To(expected, model.call(x.to(ScalarType.Float64), t, labels).to(ScalarType.Float32), 1e-4);
    }

    [Fact]
    public void Rotary_positions_are_computed_for_another_grid_on_request()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using (var other = LightningReleased.Create()) Checkpoint.Save(other, folder["6x6.safetensors"]);

        var refused = Assert.Throws<CheckpointMismatchException>(() => LightningWide.Load(folder["6x6.safetensors"]));
        var notices = new List<string>();
        using var model = LightningWide.Load(folder["6x6.safetensors"], grid: CheckpointGrid.Recompute(notices.Add));

        Assert.Contains("It was made for another grid of patches: it holds 36 positions, and Lightning-Wide has 4 x 8", refused.Message);
        Assert.Contains("a grid of 6 x 6 patches", Assert.Single(notices));
        var state = model.state_dict();
        using var angles = Positions.RotaryAngles(8, rows: 4, columns: 8);
        Close.To(angles.cos().to(ScalarType.Float32), state["feat_rope.freqs_cos"], 1e-6);
        Close.To(angles.sin().to(ScalarType.Float32), state["feat_rope.freqs_sin"], 1e-6);
    }

    [Fact]
    public void Other_heads_are_named_as_the_reason()
    {
        using var folder = new TemporaryFolder();
        using (var other = LightningReleased.Create()) Checkpoint.Save(other, folder["4-heads.safetensors"]);

        var refused = Assert.Throws<CheckpointMismatchException>(() => LightningTwoHeads.Load(folder["4-heads.safetensors"]));

        Assert.Contains("another number of heads", refused.Message);
    }

    [Fact]
    public void A_block_has_no_form_in_diffusers() => Assert.Equal(
        "the block of this one is { norm: layer, mlp: gelu-tanh, qk_norm: layer, position: rope-2d, shift: false }",
        DitNames.WhyNotInDiffusers(LightningLayerNormQkNormWoShift.Card, LightningLayerNormQkNormWoShift.CheckpointMap));

    [Fact]
    public void The_papers_block_is_written_nowhere() => Assert.Null(LightningNone.Card.Block);
}
