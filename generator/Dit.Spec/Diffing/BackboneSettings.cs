namespace Dit.Spec;

/// <summary>
/// The settings of a backbone at the top of a spec: those of every backbone, then those of each case.
/// </summary>
internal static class BackboneSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        new("backbone", static m => m.Backbone.Word, static (_, _) => (Impact.Tensors, null)),
        new("depth", static m => Settings.Text(m.Depth), static (a, b) => (Impact.Tensors, SharedBlocks(a, b))),
        new("width", static m => Settings.Text(m.Width), static (_, _) => (Impact.Tensors, null)),
        new(
            "heads", static m => Settings.Text(m.Heads),
            static (_, _) => (Impact.Meaning, "shapes do not show it: attention splits the channels into other heads")),
        new("patch_size", static m => Settings.Text(m.PatchSize), static (_, _) => (Impact.Tensors, null)),
        new("mlp_ratio", static m => Settings.Text((double)m.HiddenWidth / m.Width), static (_, _) => (Impact.Tensors, null)),
        .. DitSettings.All,
        .. UVitSettings.All,
        .. UniDiffuserSettings.All,
    ];

    // Where the blocks are one list.
    private static string? SharedBlocks(ModelSpec a, ModelSpec b) => (a.Backbone, b.Backbone) is not (Backbone.Dit, Backbone.Dit) ? null
        : Math.Min(a.Depth, b.Depth) is > 1 and var count ? FormattableString.Invariant($"blocks 0 to {count - 1} are in both")
        : "block 0 is in both";
}
