using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The block of the in-context variant: a plain ViT block.</summary>
internal static class DitInContext
{
    public static Module Block(DitParts parts) => Module(
        "Block", "One plain ViT block; the condition's tokens pass through it like the others (paper, section 3.2)",
        [new("x", Shape.Of(Dim.Batch, parts.T + parts.M, parts.D), "Tokens, the condition's among them")],
        [
            parts.Norm("norm1"), new Member.Child("attn", parts.Attention),
            parts.Norm("norm2"), new Member.Child("mlp", parts.Mlp),
        ],
        [
            Let("h", Add("x", parts.Attend(Call("norm1", "x")))),
            Return(Add("h", Call("mlp", Call("norm2", "h")))),
        ],
        "Tokens", "Linear layers Xavier uniform, norms one and zero");
}
