using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Generated models against what the official code computed: outputs, activations, gradients, guidance.
/// </summary>
public sealed class GoldenP2Tests() : GoldenForwardTests<GoldenP2>("dit-p2", static model => model.ForwardWithGuidance);

/// <inheritdoc cref="GoldenP2Tests"/>
public sealed class GoldenP4Tests() : GoldenForwardTests<GoldenP4>("dit-p4", static model => model.ForwardWithGuidance);

/// <inheritdoc cref="GoldenP2Tests"/>
public sealed class GoldenP8Tests() : GoldenForwardTests<GoldenP8>("dit-p8", static model => model.ForwardWithGuidance);

/// <summary>The tests, for one configuration.</summary>
public abstract class GoldenForwardTests<TModel> : IDisposable
    where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IModel<TModel, ClassLabels, GaussianDiffusion>
{
    private readonly GoldenFile golden;
    private readonly TModel model = TModel.Create();

    private readonly Func<TModel, Func<Tensor, Tensor, Tensor, double, GuidanceChannels, Tensor>> guidedOf;

    protected GoldenForwardTests(string file, Func<TModel, Func<Tensor, Tensor, Tensor, double, GuidanceChannels, Tensor>> guided)
    {
        guidedOf = guided;
        golden = new GoldenFile(file, "dit");
        using var frozen = no_grad();
        var state = model.state_dict();
        Assert.Equal(state.Keys.Order(), golden.Under("param.").Select(static p => p.Name).Order());
        foreach (var (name, value) in golden.Under("param."))
            state[name].copy_(value);
    }

    public void Dispose()
    {
        golden.Dispose();
        model.Dispose();
    }

    [Fact]
    public void The_spec_is_the_recorded_configuration()
    {
        var config = golden.Metadata;
        Assert.Equal(
            (
                config["input_size"], config["patch_size"], config["in_channels"], config["hidden_size"], config["depth"],
                config["num_heads"], config["num_classes"]),
            (
                $"{TModel.Card.Input.Height}", $"{TModel.Card.PatchSize}", $"{TModel.Card.Input.Channels}", $"{TModel.Card.Width}",
                $"{TModel.Card.Depth}", $"{TModel.Card.Heads}", $"{TModel.Card.Classes}"));
        Assert.Equal(
            config["learn_sigma"] == "True" ? 2 * TModel.Card.Input.Channels : TModel.Card.Input.Channels,
            TModel.Card.OutputChannels);
    }

    [Fact]
    public void The_checkpoint_map_is_the_state_dict() =>
        Assert.Equal(
            model.state_dict().Select(static p => $"{p.Key}: {string.Join(", ", p.Value.shape)}"),
            TModel.CheckpointMap.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}"));

    [Theory]
    [InlineData("in.t", "out.forward")]
    [InlineData("in.t_fractional", "out.forward_fractional")]
    public void Outputs_agree(string timesteps, string output)
    {
        using var frozen = no_grad();
        using var y = model.call(golden["in.x"], golden[timesteps], golden["in.y"]);

        Close.To(golden[output], y, Close.OneStep, output);
    }

    [Theory]
    [InlineData("in.t", "out.forward")]
    [InlineData("in.t_fractional", "out.forward_fractional")]
    public void Plans_agree_with_all_kernels_and_with_none(string timesteps, string output)
    {
        using var made = model.CreateSession();
        var session = Assert.IsType<SteppedSession<ClassLabels>>(made);
        IEnumerable<Func<SessionSteps, StepEngine>> engines =
        [
            .. CpuKernels.All.Select(static kernels => SessionCase.Fused(kernels, threads: 2)),
            .. CpuKernels.All.Select(static kernels => SessionCase.Fused(kernels, threads: 2, weights: new StrassenLayout())),
            static steps => new OperatorEngine(steps),
        ];
        foreach (var engine in engines)
        {
            using var on = session.On(engine);
            using var y = on.Forward(golden["in.x"], golden[timesteps], new(golden["in.y"]));
            Close.To(golden[output], y, Close.OneStep, $"{output}, {on.Engine}");
        }
    }

    [Fact]
    public void Activations_agree_after_every_module()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var seen = new Dictionary<string, Tensor>();
        foreach (var (name, module) in model.named_modules().Where(m => golden.Names.Contains($"act.{m.name}")))
            Watch(module, output => seen[name] = output.clone().DetachFromDisposeScope());

        model.call(golden["in.x"], golden["in.t"], golden["in.y"]);

        Assert.Equal(golden.Under("act.").Select(static a => a.Name).Order(), seen.Keys.Order());
        foreach (var (name, value) in golden.Under("act."))
        {
            Close.To(value, seen[name], Close.OneStep, name);
            seen[name].Dispose();
        }
    }

    [Fact]
    public void Gradients_agree_for_every_parameter()
    {
        using var scope = NewDisposeScope();
        var loss = model.call(golden["in.x"], golden["in.t"], golden["in.y"]).square().mean();
        loss.backward();

        Close.To(golden["loss.mean_square"], loss, Close.OneStep, "loss");
        var gradients = model
            .named_parameters()
            .Where(static p => p.parameter.requires_grad)
            .ToDictionary(static p => p.name, static p => p.parameter.grad);
        Assert.Equal(golden.Under("grad.").Select(static g => g.Name).Order(), gradients.Keys.Order());
        foreach (var (name, value) in golden.Under("grad."))
            Close.To(value, gradients[name] ?? throw new InvalidOperationException($"{name} has no gradient."), Close.OneStep, name);
    }

    // The recorded batch is the official layout: two inputs twice, the second time under the null class, every row
    // guided on three channels and keeping its own others. Ours takes the two inputs once and gives the conditional
    // rows; the unconditional rows follow from the parts.
    [Fact]
    public void Guidance_on_three_channels_agrees_in_all_rows()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (x, t, labels) = (golden["in.cfg.x"].chunk(2)[0], golden["in.cfg.t"].chunk(2)[0], golden["in.cfg.y"].chunk(2));
        var scale = double.Parse(golden.Metadata["cfg_scale"], System.Globalization.CultureInfo.InvariantCulture);
        Assert.All(labels[1].data<long>(), label => Assert.Equal(TModel.Card.NullClass, label));

        var guided = guidedOf(model)(x, t, labels[0], scale, GuidanceChannels.FirstThree);
        var unconditional = model.call(x, t, labels[1]);
        var channels = TModel.Card.OutputChannels;
        var mirrored = cat([guided.narrow(1, 0, 3), unconditional.narrow(1, 3, channels - 3)], dim: 1);

        Close.To(golden["out.cfg"], cat([guided, mirrored]), Close.OneStep, "guidance");
    }

    [Fact]
    public void Guidance_on_all_channels_leaves_only_the_variance_alone()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (x, t, labels) = (golden["in.x"], golden["in.t"], golden["in.y"]);

        var guided = guidedOf(model)(x, t, labels, 2.5, GuidanceChannels.All);
        var conditional = model.call(x, t, labels);
        var unconditional = model.call(x, t, full_like(labels, TModel.Card.NullClass));
        var mixed = unconditional + 2.5 * (conditional - unconditional);
        var c = TModel.Card.Input.Channels;

        Close.To(mixed.narrow(1, 0, c), guided.narrow(1, 0, c), Close.OneStep);
        if (TModel.Card.OutputChannels > c)
            Close.To(
                conditional.narrow(1, c, TModel.Card.OutputChannels - c), guided.narrow(1, c, TModel.Card.OutputChannels - c),
                Close.OneStep);
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
            default:
                throw new InvalidOperationException($"{module.GetName()} has an unexpected number of inputs.");
        }
    }
}
