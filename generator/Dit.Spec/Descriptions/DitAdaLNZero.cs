using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The adaLN-Zero block.</summary>
internal static class DitAdaLNZero
{
    public static Module Block(DitParts parts) => Module(
        "Block", parts.IsShared
            ? $"One adaLN-single block: {parts.RegressesGated} {parts.Source} (PixArt-alpha, arXiv 2310.00426, section 2.3)"
            : $"One adaLN-Zero block: {parts.RegressesGated} of both branches regressed from the condition (paper, section 3.2)",
        [
            new("x", parts.Tokens, "Tokens"),
            parts.IsShared ? parts.SharedModulation : new("c", Shape.Of(Dim.Batch, parts.D), "Condition, t + y"),
            .. parts.Positions,
        ],
        [.. parts.TableOfGates, .. parts.AdaptiveBranches, .. parts.RegressionOfGates],
        [
            Split("m", parts.Regressed, [.. parts.Regressions(1), "gate1"], [.. parts.Regressions(2), "gate2"]),
            Let("h", new Value.Gated("x", "gate1", parts.Attend(parts.Modulate(1, "x")))),
            Return(new Value.Gated("h", "gate2", Call("mlp", parts.Modulate(2, "h")))),
        ],
        "Tokens",
        parts.IsShared
            ? "Linear layers Xavier uniform, the table normal"
            : "Linear layers Xavier uniform, the regressing layer zero: the block starts as the identity");
}
