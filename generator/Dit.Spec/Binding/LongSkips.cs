namespace Dit.Spec;

/// <summary>The rule of blocks that long skips join: their number is odd.</summary>
internal static class LongSkips
{
    private const int FewestBlocks = 3;

    /// <summary>Checks the depth. The errors of the key itself are those of the sizes.</summary>
    /// <param name="top">The model's fields.</param>
    /// <param name="backbone">The word of the backbone, for the message.</param>
    public static Result<int> OddDepth(Fields top, string backbone) => top.Read(TransformerKeys.Depth).WithoutErrors()
        .Ensure(depth => depth >= FewestBlocks && depth % 2 == 1 ? [] : [NotOdd(depth, top.At(TransformerKeys.Depth), backbone)]);

    private static SpecError NotOdd(int depth, TextRange at, string backbone)
    {
        var right = Math.Max(FewestBlocks, Math.Min(depth + 1, TransformerKeys.Depth.Max - 1));
        return Multiples.Suggest(
            new(
                Rule.DepthFitsSkips,
                FormattableString.Invariant($"Depth {depth} is not an odd number of {FewestBlocks} or more: the long skips of a ")
                    + $"{backbone} join as many blocks before the middle one as behind it",
                at),
            right, at);
    }
}
