namespace Dit.Spec.Tests;

public class BindingTests
{
    [Fact]
    public void Every_key_reaches_the_model()
    {
        var spec = Specs.Model(Specs.Tiny);

        Assert.Equal(
            ("Tiny/2", "Tiny2", 2, 32, 4, 2, 128),
            (spec.Name, spec.ClassName, spec.Depth, spec.Width, spec.Heads, spec.PatchSize, spec.HiddenWidth));
        Assert.Equal(new InputSpec(4, 8, 8), spec.Input);
        Assert.Equal(("adaln-zero", new Condition.ClassLabels(10, 0.1)), (spec.Backbone.ConditioningWord, spec.Condition));
        Assert.Equal(new ProcessSpec.Gaussian(Prediction.Epsilon, Variance.LearnedRange, Schedule.Linear, 1000), spec.Process);
        Assert.Equal(new Autoencoder.None(), spec.Autoencoder);
        Assert.Equal(
            [
                new SamplerSpec("ddpm-250", new SamplerMethod.Ddpm(), 250, ClipDenoised: true),
                new SamplerSpec("ddim-50", new SamplerMethod.Ddim(0.5), 50, ClipDenoised: true),
            ],
            spec.Samplers);
        Assert.Equal((8, 16, 4, 4), (spec.HeadWidth, spec.Tokens, spec.GridHeight, spec.GridWidth));
    }

    [Fact]
    public void Keys_with_defaults_may_be_left_out()
    {
        var spec = Specs.Model("""
            model: Small
            depth: 1
            width: 8
            heads: 2
            patch_size: 4
            input: { channels: 3, size: [8, 16] }
            conditioning: { classes: 3 }
            """);

        Assert.Equal(32, spec.HiddenWidth);
        Assert.Equal(new InputSpec(3, 8, 16), spec.Input);
        Assert.Equal(8, spec.Tokens);
        Assert.Equal(("adaln-zero", new Condition.ClassLabels(3, 0.1)), (spec.Backbone.ConditioningWord, spec.Condition));
        Assert.Equal(new ProcessSpec.Gaussian(Prediction.Epsilon, Variance.LearnedRange, Schedule.Linear, 1000), spec.Process);
        Assert.Empty(spec.Samplers);
    }

    [Theory]
    [InlineData("prediction: epsilon", "prediction: start-x", 8)]
    [InlineData("variance: learned-range", "variance: fixed-small", 4)]
    [InlineData("variance: learned-range", "variance: fixed-large", 4)]
    [InlineData("schedule: linear", "schedule: squared-cosine", 8)]
    public void Learned_variance_doubles_the_output_channels(string line, string replacement, int channels) =>
        Assert.Equal(channels, Specs.Model(Specs.Tiny.Replace(line, replacement)).OutputChannels);

    [Fact]
    public void Every_word_of_the_process_has_its_own_meaning()
    {
        Assert.Equal(Prediction.StartX, Gaussian("prediction: start-x").Prediction);
        Assert.Equal(Prediction.Velocity, Gaussian("prediction: velocity, variance: fixed-small").Prediction);
        Assert.Equal(Prediction.Score, Gaussian("prediction: score, variance: fixed-large").Prediction);
        Assert.Equal(Variance.FixedSmall, Gaussian("variance: fixed-small").Variance);
        Assert.Equal(Variance.FixedLarge, Gaussian("variance: fixed-large").Variance);
        Assert.Equal(Schedule.SquaredCosine, Gaussian("schedule: squared-cosine").Schedule);
        Assert.Equal(Schedule.ScaledLinear, Gaussian("schedule: scaled-linear").Schedule);
        Assert.Equal(Autoencoder.KlF8, Specs.Model(Specs.Tiny.Replace("autoencoder: none", "autoencoder: kl-f8")).Autoencoder);
        Assert.Equal(
            Autoencoder.VaVaeF16D32,
            Specs.Model(Specs.Tiny.Replace("autoencoder: none", "autoencoder: va-vae-f16d32").Replace("channels: 4", "channels: 32"))
                .Autoencoder);
        Assert.Equal(
            Autoencoder.VaVaeF16D32,
            Specs.Model(
                Specs.Tiny.Replace("channels: 4", "channels: 32").Replace(
                    "autoencoder: none",
                    "autoencoder: { name: va-vae-f16d32, ch: 128, ch_mult: [1, 1, 2, 2, 4], num_res_blocks: 2, z_channels: 32, "
                        + "attn_levels: [4], channel_statistics: true }")).Autoencoder);
        Assert.Equal(Numerics.Official, Specs.Model(Specs.Tiny).Numerics);
        Assert.Equal(Numerics.Diffusers, Specs.Model(Specs.With("numerics: diffusers")).Numerics);
        Assert.Equal(500, Gaussian("timesteps: 500").Timesteps);
    }

    private static ProcessSpec.Gaussian Gaussian(string keys) =>
        Assert.IsType<ProcessSpec.Gaussian>(Specs.Model(Specs.With($"diffusion: {{ {keys} }}\nsamplers: {{}}")).Process);

    private static ProcessSpec.Flow Flow(string keys) =>
        Assert.IsType<ProcessSpec.Flow>(Specs.Model(Specs.With($"diffusion: {{ schedule: flow-linear{keys} }}\nsamplers: {{}}")).Process);

    private static readonly ProcessSpec.Flow usualFlow = new(
        Prediction.Velocity, Variance.None, Schedule.FlowLinear, Loss: Prediction.Velocity, LossWeight.Uniform, new FlowTimes.Uniform(),
        Shift: 1, CosineLoss: false);

    [Fact]
    public void Every_key_of_a_flow_reaches_the_model()
    {
        Assert.Equal(usualFlow, Flow(""));
        Assert.Equal(usualFlow with { Variance = Variance.Ignored }, Flow(", variance: ignored"));
        Assert.Equal(usualFlow with { Prediction = Prediction.StartX, Loss = Prediction.StartX }, Flow(", prediction: start-x"));
        Assert.Equal(usualFlow with { Prediction = Prediction.StartX }, Flow(", prediction: start-x, loss: velocity"));
        Assert.Equal(
            usualFlow with { Prediction = Prediction.Score, Loss = Prediction.Score, Weight = LossWeight.Likelihood },
            Flow(", prediction: score, weight: likelihood"));
        Assert.Equal(
            usualFlow with { Loss = Prediction.Epsilon, Weight = LossWeight.Velocity }, Flow(", loss: epsilon, weight: velocity"));
        Assert.Equal(usualFlow with { Times = new FlowTimes.LogitNormal(0, 1) }, Flow(", times: { logit-normal: {} }"));
        Assert.Equal(
            usualFlow with { Times = new FlowTimes.LogitNormal(-0.5, 0.8) }, Flow(", times: { logit-normal: { mean: -0.5, std: 0.8 } }"));
        Assert.Equal(usualFlow with { Shift = 3 }, Flow(", times: uniform, shift: 3"));
        Assert.Equal(usualFlow with { CosineLoss = true }, Flow(", cosine_loss: true"));
        Assert.Equal(usualFlow, Flow(", cosine_loss: false"));
        Assert.Equal(
            [Schedule.FlowGvp, Schedule.FlowVp],
            ((string[])["flow-gvp", "flow-vp"]).Select(static path => Assert.IsType<ProcessSpec.Flow>(
                Specs.Model(Specs.With($"diffusion: {{ schedule: {path} }}\nsamplers: {{}}")).Process).Schedule));
    }

    [Fact]
    public void A_flow_has_twice_the_channels_only_where_half_of_them_are_ignored() => Assert.Equal(
        [4, 8],
        ((string[])["none", "ignored"]).Select(static variance => Specs.Model(
            Specs.With($"diffusion: {{ schedule: flow-linear, variance: {variance} }}\nsamplers: {{}}")).OutputChannels));

    [Theory]
    [InlineData("Dit.Definitions", "Dit.Definitions")]
    [InlineData("my-app.2", "my_app._2")]
    [InlineData("a.class", "a.@class")]
    [InlineData(" ", "")]
    public void A_namespace_is_made_of_whatever_the_project_is_called(string name, string expected) =>
        Assert.Equal(expected, Identifier.OfNamespace(name));

    [Fact]
    public void A_family_is_every_combination_of_its_axes()
    {
        var models = Specs.Models(Specs.Shipped("dit.dit.yaml"));

        Assert.Equal(
            from size in new[] { "S", "B", "L", "XL" } from patch in new[] { 2, 4, 8 } select $"DiT-{size}/{patch}",
            models.Select(m => m.Name));
        var large = models.Single(m => m.Name == "DiT-XL/2");
        Assert.Equal((28, 1152, 16, 2, "DiTXL2"), (large.Depth, large.Width, large.Heads, large.PatchSize, large.ClassName));
    }

    [Fact]
    public void Without_label_dropout_there_is_no_null_class()
    {
        var spec = Specs.Model(Specs.Tiny.Replace("dropout: 0.1", "dropout: 0"));
        var labels = Assert.IsType<Condition.ClassLabels>(spec.Condition);

        Assert.False(labels.HasNull);
        Assert.Equal(10, labels.Rows);
    }

    [Fact]
    public void The_hash_is_the_models_not_the_files()
    {
        var spec = Specs.Model(Specs.Tiny);
        var rearranged = "# a comment\nautoencoder: none\n"
            + Specs.Tiny.Replace("autoencoder: none\n", "").Replace("dropout: 0.1", "dropout: 0.10");

        Assert.Equal(spec.Hash, Specs.Model(rearranged).Hash);
        Assert.NotEqual(spec.Hash, Specs.Model(Specs.Tiny.Replace("depth: 2", "depth: 3")).Hash);
        Assert.NotEqual(spec.Hash, Specs.Model(Specs.Tiny.Replace("dropout: 0.1", "dropout: 0.2")).Hash);
        Assert.NotEqual(spec.Hash, Specs.Model(Specs.With("numerics: diffusers")).Hash);
        Assert.Equal(spec.Hash, Specs.Model(Specs.With("numerics: official")).Hash);
        Assert.Matches("^[0-9a-f]{12}$", spec.Hash);
    }

    [Fact]
    public void Equal_specs_are_equal_values()
    {
        Assert.Equal(SpecFile.Parse(Specs.Tiny), SpecFile.Parse(Specs.Tiny));
        Assert.Equal(SpecFile.Parse(Specs.Tiny).GetHashCode(), SpecFile.Parse(Specs.Tiny).GetHashCode());
        Assert.NotEqual(SpecFile.Parse(Specs.Tiny), SpecFile.Parse(Specs.Tiny.Replace("depth: 2", "depth: 3")));
    }
}
