using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Generated models against what LightningDiT's published code computed: outputs, activations, gradients, guidance.
/// </summary>
public sealed class LightningReleasedTests()
    : LightningDiTTests<LightningReleased>("lightningdit-released", static model => model.ForwardWithGuidance);

/// <inheritdoc cref="LightningReleasedTests"/>
public sealed class LightningQkNormTests()
    : LightningDiTTests<LightningQkNorm>("lightningdit-qknorm", static model => model.ForwardWithGuidance);

/// <inheritdoc cref="LightningReleasedTests"/>
public sealed class LightningQkNormWoShiftTests()
    : LightningDiTTests<LightningQkNormWoShift>("lightningdit-qknorm-woshift", static model => model.ForwardWithGuidance);

/// <inheritdoc cref="LightningReleasedTests"/>
public sealed class LightningLayerNormQkNormWoShiftTests() : LightningDiTTests<LightningLayerNormQkNormWoShift>(
    "lightningdit-layernorm-qknorm-woshift-p2", static model => model.ForwardWithGuidance);

/// <inheritdoc cref="LightningReleasedTests"/>
public sealed class LightningSwigluRopeTests()
    : LightningDiTTests<LightningSwigluRope>("lightningdit-swiglu-rope-p2", static model => model.ForwardWithGuidance);

/// <inheritdoc cref="LightningReleasedTests"/>
public sealed class LightningNoneTests()
    : LightningDiTTests<LightningNone>("lightningdit-none-p2", static model => model.ForwardWithGuidance);

/// <summary>The tests, for one configuration.</summary>
public abstract class LightningDiTTests<TModel> : IDisposable
    where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IModel<TModel, ClassLabels, Flow>
{
    private readonly GoldenFile golden;
    private readonly Func<TModel, Func<Tensor, Tensor, Tensor, double, GuidanceChannels, Tensor>> guidedOf;

    protected LightningDiTTests(string file, Func<TModel, Func<Tensor, Tensor, Tensor, double, GuidanceChannels, Tensor>> guided)
    {
        (golden, guidedOf) = (new GoldenFile(file, "lightningdit"), guided);
        New_tables_are_those_recorded();
        using var frozen = no_grad();
        var state = Model.state_dict();
        Assert.Equal(golden.Under("param.").Select(static p => p.Name).Order(), state.Keys.Order());
        foreach (var (name, value) in golden.Under("param.")) state[name].copy_(value);
    }

    private TModel Model { get; } = TModel.Create();

    public void Dispose()
    {
        golden.Dispose();
        Model.Dispose();
    }

    private void New_tables_are_those_recorded()
    {
        var state = Model.state_dict();
        foreach (var (name, value) in golden.Under("param.").Where(static p => p.Name == "pos_embed" || p.Name.StartsWith("feat_rope.")))
            Close.To(value, state[name], Close.OneStep, name);
    }

    // Where the released code learns a variance, it drops that half of the channels.
    private Tensor Forward(Tensor x, Tensor t, Tensor labels) => Kept(Model.call(x, t, labels));

    private static Tensor Kept(Tensor y) => y.narrow(1, 0, TModel.Card.Input.Channels);

    [Fact]
    public void The_checkpoint_map_has_the_names_and_shapes_of_the_state_dict() => Assert.Equal(
        Model.state_dict().Select(static p => $"{p.Key}: {string.Join(", ", p.Value.shape)}").Order(StringComparer.Ordinal),
        TModel.CheckpointMap.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}").Order(StringComparer.Ordinal));

    [Fact]
    public void The_parameters_are_those_of_the_card_and_buffers_are_none() => Assert.Equal(
        (TModel.Card.Parameters, TModel.Card.TrainableParameters),
        (
            Model.parameters().Sum(static p => p.numel()),
            Model.parameters().Where(static p => p.requires_grad).Sum(static p => p.numel())));

    [Fact]
    public void Outputs_agree()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();

        Close.To(golden["out.forward"], Forward(golden["in.x"], golden["in.t"], golden["in.y"]), Close.OneStep, "out.forward");
    }

    [Fact]
    public void A_session_agrees()
    {
        using var scope = NewDisposeScope();
        using var session = Model.CreateSession();

        using var y = session.Forward(golden["in.x"], golden["in.t"], new(golden["in.y"]));

        Close.To(golden["out.forward"], Kept(y), Close.OneStep, session.Engine);
        Assert.IsType<SteppedSession<ClassLabels>>(session);
        Assert.DoesNotContain("libtorch", session.Engine, StringComparison.Ordinal);
    }

    [Fact]
    public void Activations_agree_after_every_module()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var seen = new Dictionary<string, Tensor>();
        foreach (var (name, module) in Model.named_modules().Where(m => golden.Names.Contains($"act.{m.name}")))
            Watch(module, output => seen[name] = output.clone().DetachFromDisposeScope());

        Model.call(golden["in.x"], golden["in.t"], golden["in.y"]);

        // The norms of adaptive blocks that have no weight are no modules here.
        var modules = Model.named_modules().Select(static m => m.name).ToHashSet();
        Assert.Equal(golden.Under("act.").Select(static a => a.Name).Where(modules.Contains).Order(), seen.Keys.Order());
        Assert.Equal(
            TModel.Card.Block?.Contains("norm: rms", StringComparison.Ordinal) == true ? [] : ["blocks.0.norm1"],
            golden.Under("act.").Select(static a => a.Name).Where(name => !modules.Contains(name)));
        foreach (var (name, value) in seen)
        {
            Close.To(golden[$"act.{name}"], value, Close.OneStep, name);
            value.Dispose();
        }
    }

    [Fact]
    public void Gradients_agree_for_the_input_and_every_parameter()
    {
        using var scope = NewDisposeScope();
        var x = golden["in.x"].clone().requires_grad_();
        Forward(x, golden["in.t"], golden["in.y"]).square().mean().backward();

        var gradients = Model.named_parameters()
            .Where(static p => p.parameter.requires_grad)
            .Select(static p => (p.name, grad: p.parameter.grad))
            .Append(("in.x", x.grad))
            .ToDictionary(static p => p.Item1, static p => p.Item2);
        Assert.Equal(golden.Under("grad.").Select(static g => g.Name).Order(), gradients.Keys.Order());
        foreach (var (name, value) in golden.Under("grad."))
            Close.To(value, gradients[name] ?? throw new InvalidOperationException($"{name} has no gradient."), Close.OneStep, name);
    }

    // The recorded batch is the official layout: inputs twice, the second time under the null class. Below the start of
    // the interval the prediction is the conditional one.
    [Fact]
    public void Guidance_on_three_channels_agrees_inside_its_interval_and_outside()
    {
        if (!golden.Metadata.TryGetValue("cfg_cases", out var cases))
        {
            Assert.DoesNotContain(golden.Names, static name => name.StartsWith("out.cfg", StringComparison.Ordinal));
            return;
        }
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (x, labels) = (golden["in.cfg_x"].chunk(2)[0], golden["in.cfg_y"].chunk(2));
        Assert.All(labels[1].data<long>(), static label => Assert.Equal(TModel.Card.NullClass, label));
        var all = JsonDocument.Parse(cases).RootElement.EnumerateArray().ToArray();
        Assert.Equal(golden.Names.Count(static name => name.StartsWith("out.cfg.", StringComparison.Ordinal)), all.Length);
        for (var i = 0; i < all.Length; i++)
        {
            var t = golden[$"in.cfg_t.{i}"].chunk(2)[0];
            var scale = all[i].GetProperty("cfg_scale").GetDouble();
            var hasInterval = all[i].TryGetProperty("cfg_interval", out var interval) && interval.GetBoolean();
            var isGuided = !hasInterval || t[0].item<float>() >= all[i].GetProperty("cfg_interval_start").GetDouble();

            var guided = Kept(guidedOf(Model)(x, t, labels[0], isGuided ? scale : 1, GuidanceChannels.FirstThree));

            Close.To(golden[$"out.cfg.{i}"].chunk(2)[0], guided, Close.OneStep, $"guidance {scale}");
        }
    }

    private static void Watch(nn.Module module, Action<Tensor> see)
    {
        switch (module)
        {
            case nn.Module<Tensor, Tensor> one:
                one.register_forward_hook((_, _, output) => { see(output); return output; });
                break;
            case nn.Module<Tensor, Tensor, Tensor> two:
                two.register_forward_hook((_, _, _, output) => { see(output); return output; });
                break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor> three:
                three.register_forward_hook((_, _, _, _, output) => { see(output); return output; });
                break;
            default:
                throw new InvalidOperationException($"{module.GetName()} has an unexpected number of inputs.");
        }
    }
}
