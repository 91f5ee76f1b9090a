using System.Reflection;
using System.Text.Json;
using Dit.Spec.Tests.Diffing;

namespace Dit.Spec.Tests;

/// <summary>
/// The sums of the spec are closed, so a test cannot add a case. These tests walk the existing cases: they fail until
/// a new case has everything that the compiler does not ask for.
/// </summary>
public class CaseTests
{
    private const string Multistep =
        "method: ddpm, steps: 250 => method: unipc, steps: 250, order: 2, variant: bh2, spacing: usual";

    private const string Adaptive = "method: ddpm, steps: 250 => method: dopri5, rtol: 0.001, atol: 0.000001";

    private const string FlowProcess = "prediction: epsilon => prediction: velocity|variance: learned-range => variance: none|"
        + "schedule: linear\n  timesteps: 1000 => schedule: flow-linear|"
        + "samplers:\n  ddpm-250: { method: ddpm, steps: 250 }\n  ddim-50: { method: ddim, steps: 50, eta: 0.5 } => samplers:";

    private const string Churned =
        "method: ddpm, steps: 250 => method: edm, steps: 250, churn: 40, churn_min: 0.05, churn_max: 50, churn_noise: 1.003";

    private const string Flows = FlowProcess + " {}";

    private const string Stochastic = FlowProcess
        + "\n  ddpm-250: { method: sde-euler, steps: 250, form: sigma, norm: 1, last_step: mean, last_step_size: 0.04 }";

    private const string Shifted = FlowProcess + "\n  ddpm-250: { method: euler, steps: 250, shift: 1 }";

    private const string UVit =
        "model: Tiny/2\ndepth: 2 => model: Tiny/2\nbackbone: u-vit\ndepth: 5|  variant: adaln-zero\n => |"
        + "mlp_ratio: 4 => qkv_bias: false\ntime_mlp: false\nfinal_convolution: true\nmlp_ratio: 4";

    private const string Joint =
        "model: Tiny/2\ndepth: 2 => model: Tiny/2\nbackbone: unidiffuser\ndepth: 5|  variant: adaln-zero\n => |  dropout: 0.1\n => |"
        + "classes: 10 => none: true|variance: learned-range => variance: fixed-small|"
        + "mlp_ratio: 4 => clip_width: 20\ntext_tokens: 5\ntext_width: 12\ndata_type: false\nmlp_ratio: 4";

    private const string Texts = "classes: 10 => text: { tokens: 7, width: 5 }";

    private const string AttendedTexts = Texts + "|variant: adaln-zero => variant: adaln-zero+cross-attention";

    /// <summary>
    /// Every key that belongs to a case: its path, edits of the tiny spec that make the case, and an edit that changes
    /// the key alone.
    /// </summary>
    public static TheoryData<string, string, string> Keys => new()
    {
        { "depth", "", "depth: 2 => depth: 3" },
        { "width", "", "width: 32 => width: 64" },
        { "heads", "", "heads: 4 => heads: 8" },
        { "patch_size", "", "patch_size: 2 => patch_size: 4" },
        { "mlp_ratio", "", "mlp_ratio: 4 => mlp_ratio: 2" },
        { "numerics", "", "autoencoder: none => numerics: diffusers\nautoencoder: none" },
        { "block.norm", "", "autoencoder: none => block: { norm: rms }\nautoencoder: none" },
        { "block.mlp", "", "autoencoder: none => block: { mlp: swiglu }\nautoencoder: none" },
        { "block.qk_norm", "", "autoencoder: none => block: { qk_norm: layer }\nautoencoder: none" },
        { "block.position", "", "autoencoder: none => block: { position: rope-2d }\nautoencoder: none" },
        { "block.shift", "", "autoencoder: none => block: { shift: false }\nautoencoder: none" },
        { "qkv_bias", UVit, "qkv_bias: false => qkv_bias: true" },
        { "time_mlp", UVit, "time_mlp: false => time_mlp: true" },
        { "final_convolution", UVit, "final_convolution: true => final_convolution: false" },
        { "clip_width", Joint, "clip_width: 20 => clip_width: 24" },
        { "text_tokens", Joint, "text_tokens: 5 => text_tokens: 6" },
        { "text_width", Joint, "text_width: 12 => text_width: 16" },
        { "data_type", Joint, "data_type: false => data_type: true" },
        { "block.modulation", "", "autoencoder: none => block: { modulation: shared }\nautoencoder: none" },
        { "positions.scale", "", "autoencoder: none => positions: { scale: 2 }\nautoencoder: none" },
        { "positions.base", "", "autoencoder: none => positions: { base: 2 }\nautoencoder: none" },
        { "conditioning.variant", "", "variant: adaln-zero => variant: in-context" },
        { "conditioning.classes", "", "classes: 10 => classes: 11" },
        { "conditioning.dropout", "", "dropout: 0.1 => dropout: 0.2" },
        { "conditioning.text.tokens", Texts, "tokens: 7 => tokens: 9" },
        { "conditioning.text.width", Texts, "width: 5 => width: 6" },
        { "conditioning.text.mask", AttendedTexts, "width: 5 => width: 5, mask: true" },
        { "conditioning.micro_conditions", $"{AttendedTexts}|width: 32 => width: 48",
            "dropout: 0.1 => dropout: 0.1\n  micro_conditions: true" },
        { "conditioning.none", "  dropout: 0.1\n => ", "classes: 10 => none: true" },
        { "diffusion.prediction", "", "prediction: epsilon => prediction: start-x" },
        { "diffusion.variance", "", "variance: learned-range => variance: fixed-large" },
        { "diffusion.schedule", "", "schedule: linear => schedule: squared-cosine" },
        { "diffusion.timesteps", "", "timesteps: 1000 => timesteps: 500" },
        { "diffusion.loss", Flows, "schedule: flow-linear => schedule: flow-linear\n  loss: epsilon" },
        { "diffusion.weight", $"{Flows}|velocity => score", "schedule: flow-linear => schedule: flow-linear\n  weight: likelihood" },
        { "diffusion.times", Flows, "schedule: flow-linear => schedule: flow-linear\n  times: { logit-normal: { mean: 1, std: 2 } }" },
        { "diffusion.shift", Flows, "schedule: flow-linear => schedule: flow-linear\n  shift: 3" },
        { "diffusion.cosine_loss", Flows, "schedule: flow-linear => schedule: flow-linear\n  cosine_loss: true" },
        { "samplers.*.method", "eta: 0.5 => eta: 0", "{ method: ddpm, steps: 250 } => { method: ddim, steps: 250, eta: 0 }" },
        { "samplers.*.steps", "", "steps: 250 => steps: 100" },
        { "samplers.*.eta", "", "eta: 0.5 => eta: 1" },
        { "samplers.*.order", Multistep, "order: 2 => order: 3" },
        { "samplers.*.variant", Multistep, "variant: bh2 => variant: bh1" },
        { "samplers.*.spacing", Multistep, "spacing: usual => spacing: karras" },
        { "samplers.*.churn", Churned, "churn: 40 => churn: 10" },
        { "samplers.*.churn_min", Churned, "churn_min: 0.05 => churn_min: 1" },
        { "samplers.*.churn_max", Churned, "churn_max: 50 => churn_max: 5" },
        { "samplers.*.churn_noise", Churned, "churn_noise: 1.003 => churn_noise: 1" },
        { "samplers.*.rtol", Adaptive, "rtol: 0.001 => rtol: 0.01" },
        { "samplers.*.atol", Adaptive, "atol: 0.000001 => atol: 0.00001" },
        { "samplers.*.shift", Shifted, "shift: 1 => shift: 3" },
        { "samplers.*.form", Stochastic, "form: sigma => form: increasing-decreasing" },
        { "samplers.*.norm", Stochastic, "norm: 1 => norm: 2" },
        { "samplers.*.last_step", Stochastic, "last_step: mean => last_step: tweedie" },
        { "samplers.*.last_step_size", Stochastic, "last_step_size: 0.04 => last_step_size: 0.01" },
        { "samplers.*.clip_denoised", "", "steps: 250 => steps: 250, clip_denoised: false" },
    };

    [Fact]
    public void Every_key_of_every_case_is_in_the_list_above()
    {
        var conditions = new Condition[] { new Condition.None(), new Condition.ClassLabels(1, 0), new Condition.Text(1, 1, 0) };
        Assert.Equal(Cases(typeof(Condition)), conditions.Select(static c => c.GetType()).OrderBy(static type => type.Name));
        IEnumerable<string> paths =
        [
            .. BackboneKeys.All.SelectMany(static backbone => backbone.AtTop).SelectMany(static key => Paths(key, "")),
            .. BackboneKeys.All.SelectMany(static backbone => backbone.BelowConditioning)
                .SelectMany(static key => Paths(key, "conditioning.")),
            .. conditions.SelectMany(ConditionKeys.Of).SelectMany(static key => Paths(key, "conditioning.")),
            .. ProcessKeys.All.SelectMany(static process => process.Keys).SelectMany(static key => Paths(key, "diffusion.")),
            .. SamplerKeys.All.SelectMany(static key => Paths(key, "samplers.*.")),
        ];

        Assert.Equal(
            paths.Distinct().Order(StringComparer.Ordinal),
            Keys.Select(static row => (string)row[0]).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Keys))]
    public void A_change_of_one_key_is_a_different_model_that_is_written_and_named_in_the_difference(string path, string @case, string edit)
    {
        var (a, b) = (LoadVerdictTests.Edited(@case), LoadVerdictTests.Edited($"{@case}|{edit}"));
        var isOfSampler = path.StartsWith("samplers.", StringComparison.Ordinal);

        Assert.NotEqual(a, b);
        Assert.Equal(isOfSampler, a.Hash == b.Hash);
        Assert.Equal(b, Specs.Model(SpecWriter.Write(b)));
        Assert.Contains(Name(path) + ": ", SpecWriter.Write(b), StringComparison.Ordinal);
        var settings = ModelDiff.Between(a, b).Settings.Select(static change => change.Key).ToArray();
        Assert.Contains(Setting(path), settings);
        // A different kind of condition has different keys; everything else changes alone.
        if (path != "conditioning.none") Assert.Single(settings);
    }

    [Theory, MemberData(nameof(Keys))]
    public void Schema_and_reference_have_the_key(string path, string @case, string edit)
    {
        _ = (@case, edit);
        var segments = path.Split('.');
        using var schema = JsonDocument.Parse(SpecSchema.Json);
        var at = schema.RootElement.GetProperty("$defs").GetProperty(segments[0]);
        foreach (var segment in segments[1..])
            at = Assert.Single(segment == "*"
                ? Named(at, "additionalProperties").Take(1)
                : Named(at, "properties").SelectMany(properties => Named(properties, segment)).Take(1));

        Assert.NotEqual("", at.GetProperty("description").GetString());
        Assert.Contains($"| `{path}` |", SpecReference.Markdown, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_backbone_has_keys_and_a_word_that_selects_them()
    {
        Assert.Equal(Names(typeof(Backbone)), BackboneKeys.All.Select(static keys => keys.GetType().Name).Order());
        Assert.Equal(BackboneKeys.All, SpecKeys.Backbone.Choices.Where(static word => word.Available).Select(static word => word.Value));
        var tiny = Specs.Model(Specs.Tiny);
        Assert.Equal(BackboneKeys.Of(tiny.Backbone), SpecKeys.Backbone.Choices.Single(word => word.Text == tiny.Backbone.Word).Value);
        Assert.Equal(tiny, Specs.Model(Specs.With($"backbone: {tiny.Backbone.Word}")));
        foreach (var keys in BackboneKeys.All)
            Assert.Equal(
                [.. keys.BelowConditioning, .. ConditionKeys.All],
                Assert.Single(SpecKeys.Of(keys).OfType<MappingKey>(), static key => key.Name == "conditioning").Keys);
    }

    [Fact]
    public void Every_process_has_keys_and_words_and_no_method_belongs_to_two()
    {
        Assert.Equal(Names(typeof(ProcessSpec)), ProcessKeys.All.Select(static keys => keys.GetType().Name).Order());
        Assert.Equal(new ProcessKeys.Gaussian(), ProcessKeys.Of(Specs.Model(Specs.Tiny).Process));
        Assert.Equal(new ProcessKeys.Flow(), ProcessKeys.Of(LoadVerdictTests.Edited(Flows).Process));
        Assert.All(ProcessKeys.All, static keys => Assert.All(keys.Schedules, schedule => Assert.Equal(
            [keys], ProcessKeys.All.Where(process => process.HasSchedule(schedule.Text)))));
        Assert.All(ProcessKeys.All, static keys =>
            Assert.All(keys.Schedules, word => Assert.Equal(keys, ProcessKeys.OfSchedule(word.Text))));
        Assert.Distinct(ProcessKeys.All.Select(static keys => keys.Process));
        Assert.DoesNotContain(MethodProcess.Any, ProcessKeys.All.Select(static keys => keys.Process));
    }

    [Fact]
    public void Every_method_is_listed_with_its_defaults_and_reads_what_it_writes()
    {
        Assert.Equal(
            typeof(SamplerMethod)
                .GetNestedTypes(BindingFlags.Public)
                .Where(static type => !type.IsAbstract)
                .Select(static type => type.Name)
                .Order(),
            SamplerMethod.All.Select(static method => method.Type).Order());
        Assert.Distinct(SamplerMethod.All.Select(static method => method.Word));
        Assert.All(SamplerMethod.All, static method =>
        {
            Assert.All(method.Options, setting => Assert.True(setting.IsDefault, $"{method.Word}: {setting.Name}"));
            Assert.All(ProcessKeys.All, keys => Assert.Equal(
                method.Process is MethodProcess.Any || method.Process == keys.Process, keys.Fits(method)));
            Assert.Equal(
                method.Process == MethodProcess.Any ? null : ProcessKeys.All.Single(keys => keys.Process == method.Process),
                ProcessKeys.OfMethod(method.Word));
            Assert.Subset(SamplerKeys.All.ToHashSet(), SamplerKeys.Of(method).ToHashSet());
        });
        // Every key is of some method.
        Assert.All(SamplerKeys.All.Except([SamplerKeys.Method]), static key =>
            Assert.Contains(SamplerMethod.All, method => SamplerKeys.Of(method).Contains(key)));
    }

    private static IEnumerable<Type> Nested(Type sum) => sum.GetNestedTypes(BindingFlags.Public).Where(type => type.BaseType == sum);

    private static IEnumerable<Type> Cases(Type sum) => Nested(sum).OrderBy(static type => type.Name);

    private static IEnumerable<string> Names(Type sum) => Nested(sum).Select(static type => type.Name).Order();

    private static IEnumerable<string> Paths(SpecKey key, string prefix) => key is MappingKey mapping
        ? mapping.Keys.SelectMany(below => Paths(below, $"{prefix}{key.Name}."))
        : [prefix + key.Name];

    private static string Name(string path) => path == "conditioning.none" ? "conditioning" : path[(path.LastIndexOf('.') + 1)..];

    // A sampler is one setting, under its name.
    private static string Setting(string path) => path switch
    {
        "samplers.*.eta" => "samplers.ddim-50",
        _ when path.StartsWith("samplers.", StringComparison.Ordinal) => "samplers.ddpm-250",
        "conditioning.none" => "conditioning",
        _ => path,
    };

    // Members of that name, however deep; the nearest first.
    private static IEnumerable<JsonElement> Named(JsonElement at, string name) => at.ValueKind switch
    {
        JsonValueKind.Object => [
            .. at.EnumerateObject().Where(member => member.NameEquals(name)).Select(static member => member.Value),
            .. at.EnumerateObject().SelectMany(member => Named(member.Value, name)),
        ],
        JsonValueKind.Array => at.EnumerateArray().SelectMany(item => Named(item, name)),
        _ => [],
    };
}
