using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How a grid of images is laid out.</summary>
/// <param name="Columns">Images in a row.</param>
/// <param name="Padding">White pixels around each image.</param>
/// <param name="Scale">Each pixel becomes this many to each side.</param>
/// <param name="RowLabels">A text at the left of each row, or none.</param>
public sealed record ImageGridOptions(int Columns = 8, int Padding = 2, int Scale = 1, IReadOnlyList<string>? RowLabels = null);

/// <summary>Where the images of a grid are, in pixels.</summary>
/// <param name="Left">Where the first column begins.</param>
/// <param name="Top">Where the first row begins.</param>
/// <param name="StepX">From one column to the next.</param>
/// <param name="StepY">From one row to the next.</param>
/// <param name="Width">Width of the whole grid.</param>
/// <param name="Height">Height of the whole grid.</param>
/// <param name="Columns">Images in a row.</param>
/// <param name="TextScale">Pixels for each dot of the labels' letters.</param>
public readonly record struct ImageGridLayout(int Left, int Top, int StepX, int StepY, int Width, int Height, int Columns, int TextScale)
{
    /// <summary>The top left pixel of image <paramref name="n"/>, counted from 0, row by row.</summary>
    public (int X, int Y) Cell(int n) => (Left + n % Columns * StepX, Top + n / Columns * StepY);
}

/// <summary>Many images in one picture, row by row, on white.</summary>
public static class ImageGrid
{
    // A side that the PNG format's library still takes, and pixels that still fit one array.
    private const long MostPixels = 1L << 28, LongestSide = 1_000_000;

    /// <summary>Writes a grid as PNG or JPEG, by the ending of the name, whole or not at all.</summary>
    /// <param name="path">The .png, .jpg or .jpeg file to create or replace.</param>
    /// <param name="images">(N, 3, Y, X) or (N, 1, Y, X), floats in [-1, 1] or uint8.</param>
    /// <param name="options">The layout; eight images in a row by default.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">
    /// The images or the options are no grid, an image holds NaN or infinity, the name has a different ending, or the
    /// file or a text cannot be written.
    /// </exception>
    public static void Write(
        string path, Tensor images, ImageGridOptions? options = null, IReadOnlyDictionary<string, string>? texts = null) =>
        ImageFile.Write(path, Render(images, options), texts);

    /// <summary>Draws a grid.</summary>
    /// <param name="images">(N, 3, Y, X) or (N, 1, Y, X), floats in [-1, 1] or uint8.</param>
    /// <param name="options">The layout; eight images in a row by default.</param>
    /// <exception cref="DitException">
    /// The images or the options are no grid, or an image holds NaN or infinity.
    /// </exception>
    public static RgbImage Render(Tensor images, ImageGridOptions? options = null)
    {
        if (images.dim() != 4 || images.shape[0] < 1)
            throw new DitException($"A grid is drawn of images of shape (N, C, Y, X), but these are ({string.Join(", ", images.shape)}).");
        var first = Picture(images, 0);
        var canvas = new ImageGridCanvas((int)images.shape[0], first.Height, first.Width, options);
        canvas.Place(0, first);
        for (var n = 1; n < images.shape[0]; n++) canvas.Place(n, Picture(images, n));
        return canvas.Picture;
    }

    /// <summary>Where the images of a grid come to lie.</summary>
    /// <param name="count">N, the number of images.</param>
    /// <param name="height">Y of each, before scaling.</param>
    /// <param name="width">X of each, before scaling.</param>
    /// <param name="options">The layout.</param>
    /// <exception cref="DitException">
    /// A number is out of range, there is not one label for each row, or the grid is too large for a picture.
    /// </exception>
    public static ImageGridLayout Layout(int count, int height, int width, ImageGridOptions options)
    {
        var (layout, gridWidth, gridHeight) = Measure(count, height, width, options);
        return layout ?? throw new DitException(
            $"A grid of {count} images in rows of {options.Columns} has {gridWidth} x {gridHeight} pixels, too many for a picture: draw "
                + $"fewer images.");
    }

    /// <summary>Whether a grid is not too large.</summary>
    /// <param name="count">N, the number of images.</param>
    /// <param name="height">Y of each, before scaling.</param>
    /// <param name="width">X of each, before scaling.</param>
    /// <param name="options">The layout.</param>
    /// <param name="mostPixels">What is too large.</param>
    /// <exception cref="DitException">A number is out of range, or there is not one label for each row.</exception>
    public static bool Fits(int count, int height, int width, ImageGridOptions options, long mostPixels = MostPixels) =>
        Measure(count, height, width, options) is (not null, var gridWidth, var gridHeight) && gridWidth * gridHeight <= mostPixels;

    /// <summary>The layout where it fits a picture, and the size in any case.</summary>
    private static (ImageGridLayout? Layout, long Width, long Height) Measure(int count, int height, int width, ImageGridOptions options)
    {
        var (columns, padding, scale, labels) = options;
        if (columns < 1 || padding < 0 || scale < 1)
            throw new DitException(
                $"A grid needs at least 1 column, padding of 0 or more and a scale of at least 1, not {columns}, {padding} and {scale}.");
        var rows = (int)((count + (long)columns - 1) / columns);
        if (labels is not null && labels.Count != rows)
            throw new DitException($"{labels.Count} row labels were given for a grid of {rows} rows: one for each is wanted.");

        // Letters grow with the images, up to twice the size of the typeface's dots.
        var textScale = Math.Clamp(height * scale / 32, 1, 2);
        var labelWidth = labels is null ? 0 : labels.Max(label => BitmapFont.Measure(label, textScale)) + 6 * textScale;
        var (stepX, stepY) = (width * scale + padding, height * scale + padding);
        var (gridWidth, gridHeight) = (labelWidth + padding + (long)Math.Min(columns, count) * stepX, padding + (long)rows * stepY);
        return Math.Max(gridWidth, gridHeight) > LongestSide || gridWidth * gridHeight > MostPixels
            ? (null, gridWidth, gridHeight)
            : (
                new(labelWidth + padding, padding, stepX, stepY, (int)gridWidth, (int)gridHeight, columns, textScale),
                gridWidth,
                gridHeight);
    }

    private static RgbImage Picture(Tensor images, int n)
    {
        using var image = images[n];
        return RgbImage.Named(image, $"Image {n} of the grid");
    }
}
