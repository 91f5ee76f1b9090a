using System.Text.RegularExpressions;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The four conditioning variants of the DiT paper (section 3.2) and U-ViT, each with every kind of condition, as
/// generated models.
/// </summary>
public class VariantTests
{
    public static TheoryData<string> Names => [.. VariantCase.Names];

    public static TheoryData<string> Dits => [.. VariantCase.Names.Where(static name => VariantCase.Of(name).Card.Backbone == "dit")];

    [Fact]
    public void Every_variant_is_here_with_every_condition() => Assert.Equal(
        15,
        VariantCase
            .Names.Select(static name => VariantCase.Of(name).Card)
            .Select(static c => (c.Conditioning, c.Condition.GetType().Name))
            .Distinct()
            .Count());

    [Theory, MemberData(nameof(Names))]
    public void The_output_has_its_shape_and_follows_the_condition(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var @case = VariantCase.Of(name);
        using var model = @case.Moved();
        var (x, t) = @case.Inputs();

        var y = @case.Forward(model, x, t, false);
        var other = @case.Forward(model, x, t, true);

        Assert.Equal([3, 6, 8, 12], y.shape);
        for (var i = 0; i < VariantCase.Samples; i++)
        {
            var same = name.EndsWith("None", StringComparison.Ordinal) && i == 1; // the middle timestep stays where it is
            Assert.Equal(same, (y[i] - other[i]).abs().max().item<float>() < 1e-4);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Samples_of_a_batch_do_not_see_each_other(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var @case = VariantCase.Of(name);
        using var model = @case.Moved();
        var (x, t) = @case.Inputs();
        var changed = cat([x[..2], x[2..] + 1]);

        Close.To(@case.Forward(model, x, t, false)[..2], @case.Forward(model, changed, t, false)[..2], 1e-5);
        Assert.True((@case.Forward(model, x, t, false)[2] - @case.Forward(model, changed, t, false)[2]).abs().max().item<float>() > 1e-3);
    }

    [Theory, MemberData(nameof(Names))]
    public void Positions_tell_rows_from_columns(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var @case = VariantCase.Of(name);
        using var model = @case.Moved();
        var (x, t) = @case.Inputs();
        var shifted = x.roll([2], [3]); // one patch to the right: without positions only the patches' order would change

        Assert.True(
            (@case.Forward(model, x, t, false).roll([2], [3]) - @case.Forward(model, shifted, t, false)).abs().max().item<float>() > 1e-3);
    }

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
        // U-ViT learns its positions.
        Assert.Equal(
            @case.Card.Backbone == "dit" ? ["pos_embed"] : [],
            model.named_parameters().Where(static p => !p.parameter.requires_grad).Select(static p => p.name));
    }

    [Theory, MemberData(nameof(Dits))]
    public void A_new_model_predicts_zero_and_only_the_blocks_of_adaLN_Zero_are_the_identity(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var @case = VariantCase.Of(name);
        using var model = @case.Create(1);
        var (x, t) = @case.Inputs();
        var identities = new List<bool>();
        foreach (var (_, block) in model.named_modules().Where(static m => Regex.IsMatch(m.name, @"^blocks\.\d+$")))
        {
            if (block is nn.Module<Tensor, Tensor, Tensor> conditioned)
                conditioned.register_forward_hook((_, tokens, _, output) => { identities.Add(tokens.Equals(output)); return output; });
            else if (block is nn.Module<Tensor, Tensor> plain)
                plain.register_forward_hook((_, tokens, output) => { identities.Add(tokens.Equals(output)); return output; });
        }

        var y = @case.Forward(model, x, t, true);

        Assert.Equal(0, y.abs().max().item<float>());
        Assert.Equal(Enumerable.Repeat(@case.Card.Conditioning == "adaln-zero", @case.Card.Depth), identities);
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
            @case.Map.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}"),
            model.state_dict().Select(static p => $"{p.Key}: {string.Join(", ", p.Value.shape)}"));
        Assert.Equal((@case.Card.Parameters, @case.Card.TrainableParameters),
            (
                model.parameters().Sum(static p => p.numel()),
                model.parameters().Where(static p => p.requires_grad).Sum(static p => p.numel())));
        Assert.True(@case.Forward(model, x, t, true).Equals(@case.Forward(loaded, x, t, true)));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_few_steps_of_training_lower_the_loss(string name)
    {
        using var scope = NewDisposeScope();
        var @case = VariantCase.Of(name);
        using var model = @case.Create(1);
        using var optimizer = optim.AdamW(model.parameters().Where(static p => p.requires_grad), 2e-3);
        var (images, _) = @case.Inputs(seed: 2);
        var (noise, _) = @case.Inputs(seed: 3);

        var losses = Enumerable.Range(0, 30).Select(_ => Step()).ToArray();

        Assert.True(losses[^1] < 0.8 * losses[0], $"{name}: from {losses[0]:g4} to {losses[^1]:g4}");

        float Step()
        {
            using var step = NewDisposeScope();
            optimizer.zero_grad();
            using var loss = @case.Process.TrainingLosses((x, t) => @case.Forward(model, x, t, false), images, [5, 500, 999], noise);
            var total = loss.Total.mean();
            total.backward();
            optimizer.step();
            return total.item<float>();
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
    public void A_forward_pass_leaves_nothing_behind(string name)
    {
        using var frozen = no_grad();
        var @case = VariantCase.Of(name);
        using var model = @case.Create(1);
        Forward();
        var before = LiveTensors.Count();
        for (var i = 0; i < 20; i++) Forward();
        Assert.Equal(before, LiveTensors.Count());

        void Forward()
        {
            using var scope = NewDisposeScope();
            var (x, t) = @case.Inputs();
            @case.Forward(model, x, t, true);
        }
    }
}
