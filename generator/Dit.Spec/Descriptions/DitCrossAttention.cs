using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The block with cross-attention.</summary>
/// <remarks>
/// The paper's 137.62 G multiply-accumulates of XL/2 leave room for two norms in a block and no third: cross-attention
/// reads the tokens as they are. Text-to-image Transformers that followed (PixArt-alpha) do the same.
/// </remarks>
internal static class DitCrossAttention
{
    public static Module Block(DitParts parts) => Module(
        "Block", "One ViT block with cross-attention to the condition's tokens behind self-attention (paper, section 3.2)",
        [new("x", parts.Tokens, "Tokens"), parts.Context, .. parts.Positions],
        [
            parts.Norm("norm1"),
            new Member.Child("attn", parts.Attention),
            new Member.Child("cross_attn", parts.CrossAttention),
            parts.Norm("norm2"), new Member.Child("mlp", parts.Mlp),
        ],
        [
            Let("h", Add("x", parts.Attend(Call("norm1", "x")))),
            Let("g", Add("h", Call("cross_attn", "h", "context"))),
            Return(Add("g", Call("mlp", Call("norm2", "g")))),
        ],
        "Tokens", "Linear layers Xavier uniform, norms one and zero");
}
