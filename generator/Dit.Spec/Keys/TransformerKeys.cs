namespace Dit.Spec;

/// <summary>The keys that every backbone has: equal blocks of attention and MLP over patches.</summary>
internal static class TransformerKeys
{
    public static IntKey Depth { get; } = new("depth", 1, 1000, null, "Number of transformer blocks", "28")
    { Rules = [Rule.DepthFitsSkips] };

    public static IntKey Width { get; } = new("width", 1, 16384, null, "Width of a token", "1152")
    { Rules = [Rule.HeadsDivideWidth, Rule.WidthFitsSinusoids, Rule.HiddenWidthIsWhole] };

    public static IntKey Heads { get; } = new("heads", 1, 1024, null, "Attention heads; each takes width / heads channels", "16")
    { Rules = [Rule.HeadsDivideWidth] };

    public static IntKey PatchSize { get; } = new("patch_size", 1, 256, null, "Side of the square patches that the input is cut into", "2")
    { Rules = [Rule.PatchDividesInput, Rule.TokensInRange] };

    public static NumberKey MlpRatio { get; } =
        new("mlp_ratio", 0.01, 16, 4, "Width of the MLP's hidden layer, as a multiple of the width", "4")
        { Rules = [Rule.HiddenWidthIsWhole] };

    /// <summary>All of them, in the order of a spec.</summary>
    public static IReadOnlyList<SpecKey> All { get; } = [Depth, Width, Heads, PatchSize, MlpRatio];
}
