using System.Reflection;
using CsCheck;

namespace Dit.Spec.Tests.Diffing;

public class ModelDiffTests
{
    private static ModelSpec Edited(string edits) => LoadVerdictTests.Edited(edits);

    [Theory]
    [InlineData("model: Tiny/2 => model: Big", "model: Tiny/2 -> Big, Name, the class Tiny2 becomes Big; code that names it must follow")]
    [InlineData("model: Tiny/2 => model: Tiny-2", "model: Tiny/2 -> Tiny-2, Name, ")]
    [InlineData("depth: 2 => depth: 5", "depth: 2 -> 5, Tensors, blocks 0 to 1 are in both")]
    [InlineData("depth: 2 => depth: 1", "depth: 2 -> 1, Tensors, block 0 is in both")]
    [InlineData("heads: 4 => heads: 8", "heads: 4 -> 8, Meaning, shapes do not show it: attention splits the channels into other heads")]
    [InlineData("mlp_ratio: 4 => mlp_ratio: 2.5", "mlp_ratio: 4 -> 2.5, Tensors, ")]
    [InlineData(
        "mlp_ratio: 4 => numerics: diffusers",
        "numerics: official -> diffusers, Meaning, time features and the eps of a norm differ a little")]
    [InlineData("width: 32 => width: 64", "width: 32 -> 64, Tensors, ")]
    [InlineData("size: 8 => size: [8, 12]", "input.size: 8 x 8 -> 8 x 12, Positions, 4 x 4 patches become 4 x 6")]
    [InlineData("classes: 10 => classes: 20", "conditioning.classes: 10 -> 20, Tensors, ")]
    [InlineData(
        "dropout: 0.1 => dropout: 0",
        "conditioning.dropout: 0.1 -> 0, Tensors, there is no null class any more, and so no guidance")]
    [InlineData("dropout: 0.1 => dropout: 0.15", "conditioning.dropout: 0.1 -> 0.15, Training, for training only")]
    [InlineData("epsilon => start-x", "diffusion.prediction: epsilon -> start-x, Meaning, the output is read as the clean input")]
    [InlineData(
        "learned-range => fixed-small",
        "diffusion.variance: learned-range -> fixed-small, Tensors, the output has 4 channels, it had 8")]
    [InlineData(
        "linear => squared-cosine",
        "diffusion.schedule: linear -> squared-cosine, Meaning, a timestep stands for another amount of noise")]
    [InlineData("autoencoder: none => autoencoder: kl-f8", "autoencoder: none -> kl-f8, Meaning, the input is another space")]
    [InlineData("eta: 0.5 => eta: 0", "samplers.ddim-50: ddim, 50 steps, eta 0.5 -> ddim, 50 steps, eta 0, Sampling, ")]
    [InlineData("  ddpm-250: { method: ddpm, steps: 250 } => ", "samplers.ddpm-250: ddpm, 250 steps -> none, Sampling, ")]
    public void A_changed_setting_says_from_what_to_what_and_why_it_matters(string edit, string words)
    {
        var change = Assert.Single(ModelDiff.Between(Edited(""), Edited(edit)).Settings);

        Assert.Equal(words, $"{change.Key}: {change.From ?? "none"} -> {change.To ?? "none"}, {change.Impact}, {change.Remark}");
    }

    [Fact]
    public void Samplers_in_another_order_are_a_change_because_the_first_is_the_usual_one()
    {
        var spec = Edited("");
        var turned = spec with { Samplers = spec.Samplers.Reverse().ToEquatableArray() };

        var change = Assert.Single(ModelDiff.Between(spec, turned).Settings);

        Assert.Equal(("samplers", "ddpm-250, ddim-50", "ddim-50, ddpm-250"), (change.Key, change.From, change.To));
    }

    // A new member of these records needs a setting in Settings; a difference without a setting would be called
    // "unchanged".
    [Theory]
    [InlineData(typeof(ModelSpec), "Name,Backbone,Input,Condition,Process,Autoencoder,Samplers")]
    [InlineData(typeof(Backbone.Dit), "Depth,Width,Heads,PatchSize,HiddenWidth,Numerics,Variant")]
    [InlineData(typeof(Backbone.UVit), "Depth,Width,Heads,PatchSize,HiddenWidth,QkvBias,TimeMlp,FinalConvolution")]
    [InlineData(
        typeof(Backbone.UniDiffuser), "Depth,Width,Heads,PatchSize,HiddenWidth,ClipWidth,TextTokens,TextWidth,DataType")]
    [InlineData(typeof(InputSpec), "Channels,Height,Width")]
    [InlineData(typeof(Condition.ClassLabels), "Count,Dropout")]
    [InlineData(typeof(Condition.Text), "Tokens,Width,Dropout")]
    [InlineData(typeof(ProcessSpec.Gaussian), "Prediction,Variance,Schedule,Timesteps")]
    [InlineData(typeof(ProcessSpec.Flow), "Prediction,Variance,Schedule,Loss,Weight,Times,Shift,CosineLoss")]
    [InlineData(typeof(FlowTimes.LogitNormal), "Mean,Deviation")]
    [InlineData(typeof(SamplerSpec), "Name,Method,Steps,ClipDenoised")]
    public void Every_member_of_a_spec_is_known_to_the_diff(Type record, string members) => Assert.Equal(
        members, string.Join(",", record.GetConstructors(BindingFlags.Public | BindingFlags.Instance)
            .Single(static c => c.GetParameters().Length > 1).GetParameters().Select(static p => p.Name)));

    [Fact]
    public void Two_specs_differ_exactly_when_a_setting_is_named()
    {
        string[] edits =
        [
            "model: Tiny/2 => model: Big", "depth: 2 => depth: 3", "width: 32 => width: 64", "heads: 4 => heads: 8",
            "patch_size: 2 => patch_size: 4",
            "mlp_ratio: 4 => mlp_ratio: 2", "conditioning: => numerics: diffusers\nconditioning:", "channels: 4 => channels: 3",
            "size: 8 => size: [8, 16]", "classes: 10 => classes: 11", "dropout: 0.1 => dropout: 0",
            "epsilon => start-x", "learned-range => fixed-large", "linear => squared-cosine", "timesteps: 1000 => timesteps: 400",
            "autoencoder: none => autoencoder: kl-f8", "steps: 250 => steps: 20", "method: ddpm, => method: ddpm, clip_denoised: false,",
            "eta: 0.5 => eta: 1",
        ];
        var (channels, autoencoder) = (Array.FindIndex(edits, static e => e.StartsWith("channels")),
            Array.FindIndex(edits, static e => e.StartsWith("autoencoder")));
        // An input of three channels is no latent of kl-f8.
        var some = Gen.Int[0, edits.Length - 1].HashSet[0, 4].Where(chosen => !(chosen.Contains(channels) && chosen.Contains(autoencoder)))
            .Select(chosen => Edited(string.Join("|", chosen.Select(i => edits[i]))));

        Gen.Select(some, some).Sample((a, b) =>
        {
            var diff = ModelDiff.Between(a, b);
            Assert.Equal(a != b, diff.Differs);
            Assert.Equal(a != b, diff.Settings.Count > 0);
            Assert.True(diff.Layout.A.Parameters == diff.Layout.B.Parameters || !Loads(diff.Verdict));
        }, iter: 2000);

        static bool Loads(LoadVerdict verdict) => verdict is LoadVerdict.AsItIs or LoadVerdict.LoadsWithOtherMeaning;
    }

    [Fact]
    public void Every_tensor_of_either_plan_is_in_the_difference_once()
    {
        var (a, b) = (Edited(""), Edited("depth: 2 => depth: 3|classes: 10 => classes: 12"));
        var diff = ModelDiff.Between(a, b).Layout;

        Assert.Equal(
            ModelLayout.Of(a).Parameters.Concat(ModelLayout.Of(b).Parameters).Select(static p => p.Name).Distinct(),
            diff.Changes.Select(static c => c.Name));
        Assert.Equal(ModelLayout.Of(a).Parameters.Count - 1, diff.KeptCount);
        var table = Assert.IsType<ParameterChange.Reshaped>(diff.Changes.Single(static c => c.Name == "y_embedder.embedding_table.weight"));
        Assert.Equal(("[11, 32]", "[13, 32]"), (table.From.ToString(), table.To.ToString()));
        Assert.Equal((ModelLayout.Of(a).ParameterCount, ModelLayout.Of(b).Macs), (diff.A.Parameters, diff.B.Macs));
    }

    [Theory]
    [InlineData(
        "mlp_ratio: 4 => mlp_ratio: 2", "mlp_ratio: 4 => mlp_ratio: 6",
        "2 blocks.*.mlp.fc1.weight, 2 blocks.*.mlp.fc1.bias, 2 blocks.*.mlp.fc2.weight")]
    [InlineData("depth: 2 => depth: 9", "depth: 2 => depth: 5", "40 blocks.5-8")]
    [InlineData("depth: 2 => depth: 4", "depth: 2 => depth: 5", "10 blocks.4")]
    [InlineData(
        "depth: 2 => depth: 4", "mlp_ratio: 4 => mlp_ratio: 6",
        "2 blocks.0-1.mlp.fc1.weight, 2 blocks.0-1.mlp.fc1.bias, 2 blocks.0-1.mlp.fc2.weight, 20 blocks.2-3")]
    [InlineData("", "classes: 10 => classes: 12", "1 y_embedder.embedding_table.weight")]
    [InlineData("", "", "")]
    public void Changes_that_are_alike_are_one_line(string before, string after, string groups)
    {
        var layout = ModelDiff.Between(Edited(before), Edited(after)).Layout;

        Assert.Equal(groups, string.Join(", ", ParameterGroup.Of(layout).Select(static g => $"{g.Members.Count} {g.Name}")));
        Assert.Equal(
            layout.NotKept.Select(static c => c.Name).Order(),
            ParameterGroup.Of(layout).SelectMany(static g => g.Members).Select(static c => c.Name).Order());
    }
}
