using System.Globalization;

namespace Dit.Runtime;

/// <summary>
/// The size of a drawn image in pixels, also where a model works on latents: width first, as of images.
/// </summary>
/// <param name="Width">Pixels along a row.</param>
/// <param name="Height">Rows of pixels.</param>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>Reads <c>384x256</c>: width, then height, both positive.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The size, or null if the text is none.</returns>
    public static ImageSize? Parse(string text) =>
        text.Split('x') is [var width, var height] && Side(width) is { } x && Side(height) is { } y ? new(x, y) : null;

    /// <summary><c>384x256</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Width}x{Height}");

    private static int? Side(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pixels) && pixels > 0 ? pixels : null;
}
