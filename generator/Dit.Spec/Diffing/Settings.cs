using System.Globalization;

namespace Dit.Spec;

/// <summary>The settings of a model as written in its spec, and the effect of changing each.</summary>
internal static class Settings
{
    /// <summary>The settings that differ between two models, in the order of a spec.</summary>
    public static IEnumerable<SettingChange> Between(ModelSpec a, ModelSpec b) =>
        All.Where(setting => setting.Value(a) != setting.Value(b)).Select(setting => setting.Change(a, b)).Concat(SamplerChanges(a, b));

    private static readonly Setting[] All =
    [
        new("model", static m => m.Name, static (a, b) =>
            (
                Impact.Name,
                a.ClassName == b.ClassName ? null : $"the class {a.ClassName} becomes {b.ClassName}; code that names it must follow")),
        .. BackboneSettings.All,
        new("input.channels", static m => Text(m.Input.Channels), static (_, _) => (Impact.Tensors, null)),
        new("input.size", static m => $"{Text(m.Input.Height)} x {Text(m.Input.Width)}", static (a, b) =>
            (HasFixedPositions(b) ? Impact.Positions : Impact.Tensors, Grids(a, b))),
        .. ConditioningSettings.All,
        .. ProcessSettings.All,
        new("autoencoder", static m => Described(m.Autoencoder), static (_, b) =>
            (
                Impact.Meaning,
                b.Autoencoder.Match(static _ => "the input is pixels, not latents", static _ => "the input is another space"))),
    ];

    // Learned positions cannot be recomputed for a different grid.
    private static bool HasFixedPositions(ModelSpec spec) =>
        Parameters.Of(Description.Of(spec).Network).Any(static parameter => parameter.Initialization.IsFixed);

    private static string Described(Autoencoder autoencoder) =>
        autoencoder.Match(static _ => "none", static kl => kl.HasWord ? kl.Called : kl.ToString());

    private static string? Grids(ModelSpec a, ModelSpec b) => (a.GridHeight, a.GridWidth) == (b.GridHeight, b.GridWidth)
        ? null
        : FormattableString.Invariant($"{a.GridHeight} x {a.GridWidth} patches become {b.GridHeight} x {b.GridWidth}");

    private static IEnumerable<SettingChange> SamplerChanges(ModelSpec a, ModelSpec b)
    {
        var (before, after) = (a.Samplers.ToDictionary(static s => s.Name), b.Samplers.ToDictionary(static s => s.Name));
        foreach (var name in a.Samplers.Concat(b.Samplers).Select(static s => s.Name).Distinct())
        {
            var (from, to) = (
                before.TryGetValue(name, out var old) ? Describe(old, a.Autoencoder) : null,
                after.TryGetValue(name, out var now) ? Describe(now, b.Autoencoder) : null);
            if (from != to) yield return new($"samplers.{name}", from, to, Impact.Sampling, null);
        }
        // The first sampler is the default.
        var (order, next) = (Names(a), Names(b));
        if (before.Keys.All(after.ContainsKey) && before.Count == after.Count && order != next)
            yield return new("samplers", order, next, Impact.Sampling, "the order of the samplers");
    }

    private static string Names(ModelSpec spec) => string.Join(", ", spec.Samplers.Select(static s => s.Name));

    // Clipping is shown where it is not the default of the autoencoder.
    private static string Describe(SamplerSpec sampler, Autoencoder autoencoder) =>
        sampler.Method.Word
        + (sampler.Steps is { } steps ? FormattableString.Invariant($", {steps} steps") : "")
        + string.Concat(sampler.Method.Options.Where(static setting => setting.IsAlwaysShown || !setting.IsDefault)
            .Select(static setting =>
                FormattableString.Invariant($", {setting.Name} {(setting.Value is Enum word ? Word(word) : setting.Value)}")))
        + (sampler.ClipDenoised == sampler.ClipsBy(autoencoder) ? "" : sampler.ClipDenoised ? ", clipped" : ", not clipped");

    /// <summary>A whole number as specs write it.</summary>
    internal static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A switch as specs write it.</summary>
    internal static string Text(bool isOn) => isOn ? "true" : "false";

    /// <summary>A ratio as specs write it. Six digits distinguish any two hidden widths of the same width.</summary>
    internal static string Text(double number) => number.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>The word that a spec has for a case: <c>LearnedRange</c> is <c>learned-range</c>.</summary>
    internal static string Word(Enum value) => string.Concat(value.ToString().Select(
        static (c, at) => char.IsUpper(c) ? (at == 0 ? "" : "-") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>One setting.</summary>
    /// <param name="Key">Its path in a spec.</param>
    /// <param name="Value">A model's value as text; null where the model has no such setting.</param>
    /// <param name="Effect">The effect of a change from the first model to the second.</param>
    internal sealed record Setting(
        string Key, Func<ModelSpec, string?> Value, Func<ModelSpec, ModelSpec, (Impact Impact, string? Remark)> Effect)
    {
        public SettingChange Change(ModelSpec a, ModelSpec b)
        {
            var (impact, remark) = Effect(a, b);
            return new(Key, Value(a), Value(b), impact, remark);
        }
    }
}
