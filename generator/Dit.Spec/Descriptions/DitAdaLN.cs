using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The adaLN block.</summary>
internal static class DitAdaLN
{
    public static Module Block(DitParts parts) => Module(
        "Block", "One adaLN block: scale and shift of both norms regressed from the condition (paper, section 3.2)",
        [new("x", parts.Tokens, "Tokens"), new("c", Shape.Of(Dim.Batch, parts.D), "Condition")],
        [
            parts.Norm("norm1", isAffine: false), new Member.Child("attn", parts.Attention),
            parts.AdaptiveMlpNorm, new Member.Child("mlp", parts.Mlp),
            parts.Modulation(4, new Initialization.XavierUniform()),
        ],
        [
            Split("m", DitParts.Regressed, ["shift1", "scale1"], ["shift2", "scale2"]),
            Let("h", Add("x", Call("attn", new Value.Modulate("norm1", "x", "shift1", "scale1")))),
            Return(Add("h", Call("mlp", new Value.Modulate("norm2", "h", "shift2", "scale2")))),
        ],
        "Tokens", "Every linear layer Xavier uniform, the regressing one too: starting it from zero is what adaLN-Zero adds");
}
