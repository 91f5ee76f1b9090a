using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The classes that a model's blocks are made of, variant by variant.</summary>
internal static class BlockEmitter
{
    public static string[] Parts(ModelSpec spec)
    {
        string[] own = spec.Conditioning.Variant.Match<string[]>(
            _ => [InContextEmitter.Block(spec), BlockPartsEmitter.Attention(spec)],
            _ => [CrossAttentionEmitter.Block(spec), BlockPartsEmitter.Attention(spec), CrossAttentionEmitter.CrossAttention(spec)],
            _ => [AdaLNEmitter.Block(spec), BlockPartsEmitter.Attention(spec)],
            _ => [AdaLNZeroEmitter.Block(spec), BlockPartsEmitter.Attention(spec)]);
        return [.. own, BlockPartsEmitter.Mlp(spec), FinalLayerEmitter.FinalLayer(spec)];
    }

    /// <summary>The variant in a sentence.</summary>
    public static string Words(ConditioningVariant variant) => variant.Match(
        static _ => "in-context", static _ => "cross-attention", static _ => "adaLN", static _ => "adaLN-Zero");
}
