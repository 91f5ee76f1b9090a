namespace Dit.Spec;

/// <summary>The keys of a U-ViT.</summary>
internal static class UVitBinder
{
    private const int FewestBlocks = 3;

    /// <param name="top">The model's fields.</param>
    public static Result<Backbone> Bind(Fields top)
    {
        var shape = TransformerBinder.Bind(top, new(Unit: 2, "which the sines and cosines of the timestep need"));
        return (shape, OddDepth(top), Switch(top, BackboneKeys.UVit.QkvBias), Switch(top, BackboneKeys.UVit.TimeMlp),
                Switch(top, BackboneKeys.UVit.FinalConvolution))
            .Apply(static (shape, _, qkvBias, timeMlp, finalConvolution) => (Backbone)new Backbone.UVit(
                shape.Depth, shape.Width, shape.Heads, shape.PatchSize, shape.HiddenWidth, qkvBias, timeMlp, finalConvolution));
    }

    private static Result<bool> Switch(Fields top, SwitchKey key) => top.Read(key).Select(value => value ?? key.Default == true);

    // The errors of the key itself are those of the sizes.
    private static Result<int> OddDepth(Fields top) => top.Read(TransformerKeys.Depth).WithoutErrors()
        .Ensure(depth => depth >= FewestBlocks && depth % 2 == 1 ? [] : [NotOdd(depth, top.At(TransformerKeys.Depth))]);

    private static SpecError NotOdd(int depth, TextRange at)
    {
        var right = Math.Max(FewestBlocks, Math.Min(depth + 1, TransformerKeys.Depth.Max - 1));
        return Multiples.Suggest(
            new(
                Rule.DepthFitsSkips,
                FormattableString.Invariant($"Depth {depth} is not an odd number of {FewestBlocks} or more: the long skips of a u-vit join ")
                    + "as many blocks before the middle one as behind it",
                at),
            right, at);
    }
}
