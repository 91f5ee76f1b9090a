namespace Dit.Spec;

/// <summary>
/// The settings of a backbone at the top of a spec: those of every backbone, then those of each case.
/// </summary>
internal static class BackboneSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        new("backbone", static m => m.Backbone.Word, static (_, _) => (Impact.Tensors, null)),
        new("depth", static m => Settings.Text(m.Depth), static (a, b) => (Impact.Tensors, SharedBlocks(Math.Min(a.Depth, b.Depth)))),
        new("width", static m => Settings.Text(m.Width), static (_, _) => (Impact.Tensors, null)),
        new(
            "heads", static m => Settings.Text(m.Heads),
            static (_, _) => (Impact.Meaning, "shapes do not show it: attention splits the channels into other heads")),
        new("patch_size", static m => Settings.Text(m.PatchSize), static (_, _) => (Impact.Tensors, null)),
        new("mlp_ratio", static m => Settings.Text((double)m.HiddenWidth / m.Width), static (_, _) => (Impact.Tensors, null)),
        new(
            "numerics", static m => m.Backbone.Match(static dit => Settings.Word(dit.Numerics)),
            static (_, _) => (Impact.Meaning, "time features and the eps of a norm differ a little")),
        new("block.norm", static m => Settings.Word(Block(m).Norm), static (_, _) => (Impact.Tensors, null)),
        new("block.mlp", static m => IsGated(m) ? "swiglu" : Settings.Word(Block(m).Mlp), static (a, b) =>
            IsGated(a) == IsGated(b)
                ? (Impact.Meaning, "shapes do not show it: the two forms of GELU differ a little")
                : (Impact.Tensors, null)),
        new("block.qk_norm", static m => Settings.Word(Block(m).QueryKeyNorm), static (_, _) => (Impact.Tensors, null)),
        new(
            "block.position", static m => Block(m).Position == BlockPosition.Rotary ? "rope-2d" : "none",
            static (_, _) => (Impact.Tensors, null)),
        new("block.shift", static m => Block(m).Shift ? "true" : "false", static (_, _) => (Impact.Tensors, null)),
        new(
            "block.modulation", static m => Block(m).Modulation == BlockModulation.Shared ? "shared" : "per-block",
            static (_, _) => (Impact.Tensors, null)),
        new(
            "positions.scale", static m => Settings.Text(Positions(m).Scale),
            static (_, _) => (Impact.Meaning, "shapes do not show it: positions are measured in another unit")),
        new(
            "positions.base", static m => Positions(m).Base is { } size ? Settings.Text(size) : null,
            static (_, _) => (Impact.Meaning, "shapes do not show it: positions are measured in another unit")),
    ];

    private static BlockSpec Block(ModelSpec spec) => spec.Backbone.Match(static dit => dit.Block);

    private static PositionSpec Positions(ModelSpec spec) => spec.Backbone.Match(static dit => dit.Positions);

    private static bool IsGated(ModelSpec spec) => Block(spec).Mlp == MlpKind.SwiGlu;

    private static string SharedBlocks(int count) =>
        count == 1 ? "block 0 is in both" : FormattableString.Invariant($"blocks 0 to {count - 1} are in both");
}
