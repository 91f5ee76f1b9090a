namespace Dit.Spec;

/// <summary>The settings of a DiT at the top of a spec.</summary>
internal static class DitSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        new(
            "numerics", static m => Of(m) is { } dit ? Settings.Word(dit.Numerics) : null,
            static (_, _) => (Impact.Meaning, "time features and the eps of a norm differ a little")),
        new("block.norm", static m => Block(m) is { } block ? Settings.Word(block.Norm) : null, static (_, _) => (Impact.Tensors, null)),
        new(
            "block.mlp", static m => IsGated(m) ? "swiglu" : Block(m) is { } block ? Settings.Word(block.Mlp) : null, static (a, b) =>
                IsGated(a) == IsGated(b)
                    ? (Impact.Meaning, "shapes do not show it: the two forms of GELU differ a little")
                    : (Impact.Tensors, null)),
        new(
            "block.qk_norm", static m => Block(m) is { } block ? Settings.Word(block.QueryKeyNorm) : null,
            static (_, _) => (Impact.Tensors, null)),
        new(
            "block.position", static m => Block(m) is { } block ? block.Position == BlockPosition.Rotary ? "rope-2d" : "none" : null,
            static (_, _) => (Impact.Tensors, null)),
        new(
            "block.shift", static m => Block(m) is { } block ? Settings.Text(block.Shift) : null,
            static (_, _) => (Impact.Tensors, null)),
        new(
            "block.modulation",
            static m => Block(m) is { } block ? block.Modulation == BlockModulation.Shared ? "shared" : "per-block" : null,
            static (_, _) => (Impact.Tensors, null)),
        new(
            "positions.scale", static m => Of(m) is { } dit ? Settings.Text(dit.Positions.Scale) : null,
            static (_, _) => (Impact.Meaning, "shapes do not show it: positions are measured in another unit")),
        new(
            "positions.base", static m => Of(m)?.Positions.Base is { } size ? Settings.Text(size) : null,
            static (_, _) => (Impact.Meaning, "shapes do not show it: positions are measured in another unit")),
    ];

    /// <summary>How the condition enters the blocks; null for other backbones.</summary>
    public static string? Variant(ModelSpec spec) => Of(spec)?.Variant.Word;

    private static Backbone.Dit? Of(ModelSpec spec) => spec.Backbone as Backbone.Dit;

    private static BlockSpec? Block(ModelSpec spec) => Of(spec)?.Block;

    private static bool IsGated(ModelSpec spec) => Block(spec)?.Mlp == MlpKind.SwiGlu;
}
