namespace Dit.Runtime;

/// <summary>What a picture file says of itself, read without decoding its pixels.</summary>
/// <param name="Format">PNG, JPEG, WebP or BMP.</param>
/// <param name="Width">X as stored, in pixels.</param>
/// <param name="Height">Y as stored, in pixels.</param>
/// <param name="IsGray">Whether it holds shades of gray only, by its type.</param>
/// <param name="Orientation">How the stored picture is to be turned to stand upright; 1 for not at all.</param>
internal sealed record ImageContainer(string Format, int Width, int Height, bool IsGray = false, int Orientation = ExifOrientation.Upright)
{
    /// <summary>What callers see of it: the size of the upright picture.</summary>
    public ImageHeader Header
    {
        get
        {
            var (width, height) = ExifOrientation.Size(Width, Height, Orientation);
            return new(height, width, IsGray);
        }
    }

    // 192 MiB decoded, on each processor at once; a header that claims more is refused before anything is allocated.
    internal const long MostPixels = 1L << 26;

    internal const string EndsEarly = "ends before the picture does";

    /// <summary>
    /// Reads the structure of a file to its end, and finds out whether all of it is there and its size is one that is
    /// decoded.
    /// </summary>
    /// <remarks>
    /// The library's decoders accept a file that was cut, and fill what is missing with gray or black. So this comes
    /// first.
    /// </remarks>
    /// <returns>The structure, or the reason why there is none, as the end of a sentence.</returns>
    public static (ImageContainer? Container, string Problem) Read(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty) return (null, "is empty");
        var (container, problem) =
            file.StartsWith(PngContainer.Signature) ? PngContainer.Read(file)
            : file.StartsWith(JpegContainer.Signature) ? JpegContainer.Read(file)
            : file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..].StartsWith("WEBP"u8) ? WebpContainer.Read(file)
            : file.StartsWith("BM"u8) ? BmpContainer.Read(file)
            : (null, ForeignFormat.Of(file));
        return container switch
        {
            null => (null, problem),
            { Width: < 1 } or { Height: < 1 } => (null, $"has {container.Width} x {container.Height} pixels"),
            _ when (long)container.Width * container.Height > MostPixels =>
                (null, $"has {container.Width} x {container.Height} pixels, more than {MostPixels} in all"),
            _ => (container, ""),
        };
    }
}
