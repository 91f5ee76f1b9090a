namespace Dit.Spec;

/// <summary>The difference between two models.</summary>
/// <param name="A">The first.</param>
/// <param name="B">The second.</param>
/// <param name="Settings">The settings that differ.</param>
/// <param name="Layout">Their tensors and totals.</param>
/// <param name="Verdict">Whether a checkpoint of the first loads into the second.</param>
public sealed record ModelDiff(ModelSpec A, ModelSpec B, EquatableArray<SettingChange> Settings, LayoutDiff Layout, LoadVerdict Verdict)
{
    /// <summary>Whether anything differs.</summary>
    public bool Differs => A != B;

    /// <summary>How <paramref name="b"/> differs from <paramref name="a"/>.</summary>
    public static ModelDiff Between(ModelSpec a, ModelSpec b)
    {
        var (settings, layout) = (Spec.Settings.Between(a, b).ToEquatableArray(), LayoutDiff.Between(ModelLayout.Of(a), ModelLayout.Of(b)));
        return new(a, b, settings, layout, LoadVerdict.Of(a, b, settings, layout));
    }
}
