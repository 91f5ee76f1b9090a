using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// The block of PixArt-alpha: adaLN-Zero of the timestep, and cross-attention to a text between its branches.
/// </summary>
/// <remarks>Names are those of the official code (PixArt-alpha/PixArt-alpha).</remarks>
internal static class DitAdaLNZeroCrossAttention
{
    public static Module Block(DitParts parts) => Module(
        "Block",
        $"{(parts.IsShared ? "One adaLN-single block" : "One adaLN-Zero block")} with cross-attention to a text behind self-attention: "
            + $"{parts.RegressesGated} {parts.Source} (PixArt-alpha, arXiv 2310.00426, section 2.3)",
        [
            new("x", parts.Tokens, "Tokens"),
            parts.IsShared ? parts.SharedModulation : new("c", Shape.Of(Dim.Batch, parts.D), "Condition, t"),
            parts.Context, .. parts.Masks, .. parts.Positions,
        ],
        [.. parts.TableOfGates, .. parts.BranchesAround(new Member.Child("cross_attn", parts.TextAttention)), .. parts.RegressionOfGates],
        [
            Split("m", parts.Regressed, [.. parts.Regressions(1), "gate1"], [.. parts.Regressions(2), "gate2"]),
            Let("h", new Value.Gated("x", "gate1", parts.Attend(parts.Modulate(1, "x")))),
            Let("g", Add("h", Call("cross_attn", ["h", "context", .. parts.MaskArguments]))),
            Return(new Value.Gated("g", "gate2", Call("mlp", parts.Modulate(2, "g")))),
        ],
        "Tokens",
        parts.IsShared
            ? "Linear layers Xavier uniform, the last one of cross-attention zero, the table normal"
            : "Linear layers Xavier uniform, the regressing layer and the last one of cross-attention zero: the block starts as the "
                + "identity");
}
