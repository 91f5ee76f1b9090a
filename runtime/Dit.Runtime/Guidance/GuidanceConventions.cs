namespace Dit.Runtime;

/// <summary>Conventions by their words, as command lines and the texts of images have them.</summary>
public static class GuidanceConventions
{
    /// <summary><c>dit</c> and <c>u-vit</c>.</summary>
    public static IReadOnlyDictionary<string, GuidanceConvention> ByWord { get; } = new OrderedDictionary<string, GuidanceConvention>
    {
        ["dit"] = GuidanceConvention.Dit,
        ["u-vit"] = GuidanceConvention.UVit,
    };

    /// <summary>The word of a convention.</summary>
    /// <exception cref="DitException">There is no such convention.</exception>
    public static string Word(this GuidanceConvention convention)
    {
        foreach (var (word, known) in ByWord)
            if (known == convention) return word;
        throw new DitException($"There is no guidance convention '{convention}'.");
    }

    /// <summary>The guided output, in words and with a scale S.</summary>
    public static string Formula(this GuidanceConvention convention) =>
        $"{(convention == GuidanceConvention.UVit ? "conditional" : "unconditional")} + S (conditional - unconditional)";

    /// <summary>The scale that is no guidance.</summary>
    public static double Unguided(this GuidanceConvention convention) => convention == GuidanceConvention.UVit ? 0 : 1;
}
