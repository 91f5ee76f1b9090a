namespace Dit.Spec;

/// <summary>The family that a model's name begins with: what comes before its size.</summary>
public static class ModelFamily
{
    private static readonly HashSet<string> Sizes = new(StringComparer.Ordinal) { "XS", "S", "B", "M", "L", "XL", "XXL", "H", "G" };

    /// <summary>
    /// <c>DiT</c> of <c>DiT-XL/2-512</c>, <c>U-ViT</c> of <c>U-ViT-S/2-Deep</c>; a name without a size is a family of
    /// its own.
    /// </summary>
    /// <param name="name">The model's name.</param>
    public static string Of(string name)
    {
        var words = name.Split('-').TakeWhile(static word => !IsSize(word)).ToArray();
        return words.Length == 0 ? name : string.Join("-", words);
    }

    // A size, alone or with a patch size: XL, XL/2, 256.
    private static bool IsSize(string word) =>
        word.Length > 0 && (Sizes.Contains(word.Split('/')[0]) || char.IsDigit(word[0]));
}
