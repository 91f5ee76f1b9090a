namespace Dit.Runtime;

/// <summary>A grid that is drawn image by image, so that only the grid is held in memory.</summary>
public sealed class ImageGridCanvas
{
    private static readonly (byte, byte, byte) Ink = (40, 40, 48), White = (255, 255, 255);

    private readonly int count, height, width, scale;
    private readonly ImageGridLayout layout;

    /// <summary>A grid without images yet, its labels drawn.</summary>
    /// <param name="count">N, the number of images there will be.</param>
    /// <param name="height">Y of each, before scaling.</param>
    /// <param name="width">X of each, before scaling.</param>
    /// <param name="options">The layout; eight images in a row by default.</param>
    /// <exception cref="DitException">The options are no grid, or it is too large for a picture.</exception>
    public ImageGridCanvas(int count, int height, int width, ImageGridOptions? options = null)
    {
        options ??= new ImageGridOptions();
        layout = ImageGrid.Layout(count, height, width, options);
        (this.count, this.height, this.width, scale) = (count, height, width, options.Scale);
        Picture = RgbImage.Filled(layout.Width, layout.Height, White);
        DrawLabels(options.RowLabels ?? []);
    }

    /// <summary>The grid as it stands: white where no image was placed yet.</summary>
    public RgbImage Picture { get; }

    /// <summary>Draws an image.</summary>
    /// <param name="n">Which, from 0, row by row.</param>
    /// <param name="image">The image, (Y, X) pixels.</param>
    /// <exception cref="DitException">The grid has no such place, or the image another size.</exception>
    public void Place(int n, RgbImage image)
    {
        if (n < 0 || n >= count) throw new DitException($"A grid of {count} images has no place {n}: they are counted from 0.");
        if ((image.Height, image.Width) != (height, width))
            throw new DitException(
                $"The images of this grid have {width} x {height} pixels, but image {n} has {image.Width} x {image.Height}.");
        var (left, top) = layout.Cell(n);
        for (var y = 0; y < height * scale; y++)
            for (var x = 0; x < width * scale; x++)
                image
                    .Data.AsSpan(3 * (y / scale * width + x / scale), 3)
                    .CopyTo(Picture.Data.AsSpan(3 * ((top + y) * Picture.Width + left + x)));
    }

    /// <summary>Labels end just left of the images, at half the height of their row.</summary>
    private void DrawLabels(IReadOnlyList<string> labels)
    {
        for (var row = 0; row < labels.Count; row++)
        {
            var x = layout.Left - 3 * layout.TextScale - BitmapFont.Measure(labels[row], layout.TextScale);
            var y = layout.Top + row * layout.StepY + (height * scale - BitmapFont.CapHeight * layout.TextScale) / 2;
            BitmapFont.Draw(Picture, x, y, labels[row], layout.TextScale, Ink);
        }
    }
}
