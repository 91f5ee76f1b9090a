using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Generated models against what PixArt-alpha's published code computed: outputs with and without a mask, activations,
/// gradients, guidance, samples.
/// </summary>
public sealed class PixArtTinyTests() : PixArtTests<PixArtTiny, TextEmbeddings>(
    "pixart", static model => model.ForwardWithGuidance, static (text, _) => text);

/// <inheritdoc cref="PixArtTinyTests"/>
public sealed class PixArtLewei2Tests() : PixArtTests<PixArtLewei2, TextEmbeddings>(
    "pixart-lewei2", static model => model.ForwardWithGuidance, static (text, _) => text);

/// <inheritdoc cref="PixArtTinyTests"/>
public sealed class PixArtMsTests() : PixArtTests<PixArtMs, SizedText>(
    "pixart-ms", static model => model.ForwardWithGuidance, static (text, golden) => Sized(text, golden))
{
    [Fact]
    public void Positions_are_those_of_the_image_drawn_and_not_those_stored()
    {
        using var scope = NewDisposeScope();
        using var square = PixArtMsSquare.Create();

        Close.To(Golden["pos.used"], Model.state_dict()["pos_embed"].squeeze(0), Close.OneStep, "positions of 12 x 6");
        Close.To(Golden["param.pos_embed"], square.state_dict()["pos_embed"], Close.OneStep, "positions of 8 x 8");
    }

    [Fact]
    public void Guidance_with_the_mask_is_a_pass_over_both_halves_with_it()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var x = Golden["in.cfg_x"];

        Close.To(
            Golden["out.forward_cfg_batch_masked"],
            Model.call(cat([x, x]), Golden["in.cfg_t"], Sized(Prompts().WithNull(), Golden)), Close.OneStep);
    }

    // Guidance and sampling were recorded with the second and the third size.
    private static SizedText Sized(TextEmbeddings text, GoldenFile golden)
    {
        int[] rows = text.Values.Equals(golden["in.y"].squeeze(1)) ? [0, 1, 2, 3] : text.Count == 2 ? [1, 2] : [1, 2, 1, 2];
        var (sizes, ratios) = (At(golden["in.img_hw"]), At(golden["in.aspect_ratio"]));
        return new(text, sizes.select(1, 0), sizes.select(1, 1), ratios.squeeze(1));

        Tensor At(Tensor values) => values.index_select(0, tensor(Array.ConvertAll(rows, static row => (long)row)));
    }
}

/// <summary>The tests, for one configuration.</summary>
public abstract class PixArtTests<TModel, TCondition> : IDisposable
    where TModel : nn.Module<Tensor, Tensor, TCondition, Tensor>, IModel<TModel, TCondition, GaussianDiffusion>
    where TCondition : ICondition<TCondition>
{
    private const double Scale = 4.5;

    private readonly Func<TModel, Func<Tensor, Tensor, TCondition, double, GuidanceChannels, Tensor>> guidedOf;
    private readonly Func<TextEmbeddings, GoldenFile, TCondition> conditionOf;
    private readonly string file;

    private protected PixArtTests(
        string file, Func<TModel, Func<Tensor, Tensor, TCondition, double, GuidanceChannels, Tensor>> guided,
        Func<TextEmbeddings, GoldenFile, TCondition> condition)
    {
        (this.file, Golden, guidedOf, conditionOf) = (file, new GoldenFile(file, "pixart"), guided, condition);
        using var frozen = no_grad();
        var state = Model.state_dict();
        Assert.Equal(Golden.Under("param.").Select(static p => p.Name).Order(), state.Keys.Order());
        // What was recorded for the size of the image is computed, and the table that is stored is of another size for
        // MS.
        foreach (var (name, value) in Golden.Under("param."))
            if (name != "pos_embed") state[name].copy_(value);
            else if (value.shape.SequenceEqual(state[name].shape)) Close.To(value, state[name], Close.OneStep, name);
    }

    /// <summary>The recorded values.</summary>
    private protected GoldenFile Golden { get; }

    /// <summary>The model, with the recorded weights.</summary>
    protected TModel Model { get; } = TModel.Create();

    public void Dispose()
    {
        Golden.Dispose();
        Model.Dispose();
    }

    /// <summary>The texts of guidance and sampling, with their mask.</summary>
    private protected TextEmbeddings Prompts() => new(Golden["in.cfg_y"].squeeze(1)) { Mask = Golden["in.cfg_mask"].ne(0) };

    private TCondition Texts(bool masked, Tensor? values = null) => conditionOf(
        new TextEmbeddings((values ?? Golden["in.y"]).squeeze(1)) { Mask = masked ? Golden["in.mask"].ne(0) : null }, Golden);

    [Fact]
    public void The_checkpoint_map_has_the_names_and_shapes_of_the_state_dict() => Assert.Equal(
        Model.state_dict().Select(static p => $"{p.Key}: {string.Join(", ", p.Value.shape)}").Order(StringComparer.Ordinal),
        TModel.CheckpointMap.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}").Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("out.forward", true)]
    [InlineData("out.forward_nomask", false)]
    public void Outputs_agree(string output, bool masked)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();

        Close.To(Golden[output], Model.call(Golden["in.x"], Golden["in.t"], Texts(masked)), Close.OneStep, output);
    }

    [Fact]
    public void A_session_agrees()
    {
        using var scope = NewDisposeScope();
        using var session = Model.CreateSession();

        using var y = session.Forward(Golden["in.x"], Golden["in.t"], Texts(masked: true));

        Close.To(Golden["out.forward"], y, Close.OneStep, session.Engine);
    }

    [Fact]
    public void Activations_agree_after_every_module()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var seen = new Dictionary<string, Tensor>();
        foreach (var (name, module) in Model.named_modules().Where(m => Golden.Names.Contains($"act.{m.name}")))
            Watch(module, output =>
                seen[name] = (
                    seen.TryGetValue(name, out var first) ? cat([first, output], dim: 1) : output.clone()).DetachFromDisposeScope());

        Model.call(Golden["in.x"], Golden["in.t"], Texts(masked: true));

        Assert.Equal(Golden.Under("act.").Select(static a => a.Name).Order(), seen.Keys.Order());
        foreach (var (name, value) in seen)
        {
            var expected = Golden[$"act.{name}"];
            Close.To(name == "y_embedder" ? expected.squeeze(1) : expected, value, Close.OneStep, name);
            value.Dispose();
        }
    }

    [Fact]
    public void Gradients_agree_for_the_inputs_and_every_parameter()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Golden["in.x"].clone().requires_grad_(), Golden["in.y"].clone().requires_grad_());
        Model.call(x, Golden["in.t"], Texts(masked: true, y)).square().mean().backward();

        var gradients = Model.named_parameters()
            .Select(static p => (p.name, grad: p.parameter.grad))
            .Append(("in.x", x.grad))
            .Append(("in.y", y.grad))
            .ToDictionary(static p => p.Item1, static p => p.Item2);
        Assert.Equal(Golden.Under("grad.").Select(static g => g.Name).Order(), gradients.Keys.Order());
        foreach (var (name, value) in Golden.Under("grad."))
            Close.To(value, gradients[name] ?? throw new InvalidOperationException($"{name} has no gradient."), Close.OneStep, name);
    }

    // The null caption is masked to its prompt's length; PixArtMS drops the mask.
    [Fact]
    public void Guidance_on_three_channels_agrees()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var texts = IsSized ? Prompts() with { Mask = null } : Prompts();
        var expected = Golden["out.cfg"].chunk(2)[0];

        Close.To(
            expected, Guided(Golden["in.cfg_x"], 321, conditionOf(texts.WithNull(), Golden), GuidanceChannels.FirstThree), Close.OneStep);

        var guided = guidedOf(Model)(
            Golden["in.cfg_x"], Golden["in.cfg_t"].chunk(2)[0], conditionOf(texts, Golden), Scale, GuidanceChannels.FirstThree);
        Close.To(expected, guided, Close.OneStep, "guidance");
    }

    private static bool IsSized => typeof(TCondition) == typeof(SizedText);

    private Tensor Guided(Tensor x, double t, TCondition both, GuidanceChannels channels)
    {
        var halves = Model.call(cat([x, x]), full(2 * x.shape[0], t), both).chunk(2);
        return Guidance.Combine(halves[0], halves[1], Scale, channels, TModel.Card.Input.Channels);
    }

    // The published sampler ends at the first timestep, and lowers the order at the end of less than ten steps.
    [Fact]
    public void Guided_samples_of_dpm_solver_agree()
    {
        using var scope = NewDisposeScope();
        var all = Golden.Under("out.dpms.").ToArray();
        Assert.NotEmpty(all);
        foreach (var (steps, expected) in all)
        {
            var solver = new DpmSolverPlusPlus<GaussianDiffusion>(
                int.Parse(steps, CultureInfo.InvariantCulture), 2, Spacing.Time with { EndsAtData = false });
            solver = solver with { LowersOrderAtEnd = solver.Steps < 10 };
            var (start, both) = (Golden["in.cfg_x"], conditionOf(Prompts().WithNull(), Golden));

            using (no_grad())
                Close.To(
                    expected,
                    new SamplingLoop<GaussianDiffusion>(steps, solver, TModel.Process)
                        .Sample((x, t) => Guided(x, t, both, GuidanceChannels.All), new ReplayedNoise([start])),
                    Close.Loop, $"{steps} steps");

            var sampler = new Sampler<TModel, TCondition, GaussianDiffusion>(steps, solver);
            var sample = sampler.Sample(
                Model, conditionOf(Prompts(), Golden), new Guidance(Scale) { Channels = GuidanceChannels.All },
                options: new() { Noise = new ReplayedNoise([start]) });
            Close.To(expected, sample, Close.Loop, $"{steps} steps of a sampler");
        }
    }

    [Fact]
    public void The_weights_of_diffusers_are_these_under_its_names_and_back()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var folder = new TemporaryFolder();
        using var diffusers = new GoldenFile($"{file}.diffusers", "pixart");
        SafeTensors.Save(folder["theirs.safetensors"], diffusers.Under("param."));
        var notices = new List<string>();

        using var loaded = TModel.Load(CheckpointFile.Open(folder["theirs.safetensors"]), notice: notices.Add);

        Assert.Contains("Files of diffusers hold no null caption", Assert.Single(notices));
        var (own, theirs) = (Model.state_dict(), loaded.state_dict());
        foreach (var name in own.Keys.Where(static name => name != "y_embedder.y_embedding"))
            Assert.True(own[name].Equals(theirs[name]), name);
        Assert.True(theirs["y_embedder.y_embedding"].eq(0).all().item<bool>());
        foreach (var (output, masked) in new[] { ("out.forward", true), ("out.forward_nomask", false) })
            Close.To(diffusers[output], loaded.call(Golden["in.x"], Golden["in.t"], Texts(masked)), Close.OneStep, output);
        GuidesWithTheNullCaptionGiven(loaded, own["y_embedder.y_embedding"]);
        using var written = DitNames.Diffusers<TModel>().Write(Model);
        Assert.Equal(
            diffusers.Under("param.").Select(static p => $"{p.Name}: {string.Join(", ", p.Value.shape)}").Order(StringComparer.Ordinal),
            written.Tensors.Select(static p => $"{p.Key}: {string.Join(", ", p.Value.Shape)}").Order(StringComparer.Ordinal));
        foreach (var (name, value) in diffusers.Under("param.")) Assert.True(value.Equals(written.Read(name)), name);
    }

    // A file of diffusers has none, so that guidance from it takes the embedding of the empty prompt.
    private void GuidesWithTheNullCaptionGiven(TModel loaded, Tensor caption)
    {
        var (prompts, start) = (Prompts(), Golden["in.cfg_x"]);
        var sampler = new Sampler<TModel, TCondition, GaussianDiffusion>(
            "two", new DpmSolverPlusPlus<GaussianDiffusion>(2, 2, Spacing.Time));
        var guidance = new Guidance(Scale) { Channels = GuidanceChannels.All };
        var empty = prompts with { Values = caption.expand(prompts.Count, -1, -1) };

        Close.To(Drawn(Model, negative: null), Drawn(loaded, empty), Close.Loop, "the null caption");
        Assert.False(Drawn(Model, negative: null).allclose(Drawn(loaded, negative: null), atol: 1e-3));

        Tensor Drawn(TModel model, TextEmbeddings? negative) => sampler.Sample(
            model, conditionOf(prompts, Golden), guidance,
            options: new()
            {
                Noise = new ReplayedNoise([start]),
                Negative = negative is null ? default : conditionOf(negative, Golden),
            });
    }

    private static void Watch(nn.Module module, Action<Tensor> see)
    {
        switch (module)
        {
            case nn.Module<Tensor, Tensor> one:
                one.register_forward_hook((_, _, output) => { see(output); return output; });
                break;
            case nn.Module<TextEmbeddings, Tensor> text:
                text.register_forward_hook((_, _, output) => { see(output); return output; });
                break;
            case nn.Module<Tensor, Tensor, Tensor> two:
                two.register_forward_hook((_, _, _, output) => { see(output); return output; });
                break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor> three:
                three.register_forward_hook((_, _, _, _, output) => { see(output); return output; });
                break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor> four:
                four.register_forward_hook((_, _, _, _, _, output) => { see(output); return output; });
                break;
            default:
                throw new InvalidOperationException($"{module.GetName()} has an unexpected number of inputs.");
        }
    }
}
