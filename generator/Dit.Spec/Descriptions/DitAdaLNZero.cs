using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The adaLN-Zero block.</summary>
internal static class DitAdaLNZero
{
    public static Module Block(DitParts parts) => Module(
        "Block", "One adaLN-Zero block: scale, shift and gate of both branches regressed from the condition (paper, section 3.2)",
        [new("x", parts.Tokens, "Tokens"), new("c", Shape.Of(Dim.Batch, parts.D), "Condition, t + y")],
        [
            parts.Norm("norm1", isAffine: false), new Member.Child("attn", parts.Attention),
            parts.AdaptiveMlpNorm, new Member.Child("mlp", parts.Mlp),
            parts.Modulation(6, new Initialization.Zero()),
        ],
        [
            Split("m", DitParts.Regressed, ["shift1", "scale1", "gate1"], ["shift2", "scale2", "gate2"]),
            Let("h", new Value.Gated("x", "gate1", Call("attn", new Value.Modulate("norm1", "x", "shift1", "scale1")))),
            Return(new Value.Gated("h", "gate2", Call("mlp", new Value.Modulate("norm2", "h", "shift2", "scale2")))),
        ],
        "Tokens", "Linear layers Xavier uniform, the regressing layer zero: the block starts as the identity");
}
