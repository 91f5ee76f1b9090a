namespace Dit.Runtime;

/// <summary>Crops and flips, as pure functions of pixels.</summary>
public static class ImageTransforms
{
    /// <summary>The largest centred part of the picture with the wanted shape, brought to the wanted size.</summary>
    /// <remarks>
    /// The steps of the ADM data loader (Dhariwal and Nichol, arXiv 2105.05233), which DiT trains on: while both sides are at
    /// least twice the wanted ones, 2 x 2 pixels are averaged into one; then the picture is resized by a bicubic filter, widened when
    /// it shrinks, so that it just covers the wanted size; then the middle is cut out. A picture of the wanted size is returned as it is.
    /// </remarks>
    /// <param name="image">Any picture.</param>
    /// <param name="height">Y wanted.</param>
    /// <param name="width">X wanted.</param>
    /// <exception cref="DitException">A wanted side is below 1.</exception>
    public static RgbImage CenterCrop(RgbImage image, int height, int width)
    {
        if (height < 1 || width < 1) throw new DitException($"A picture cannot be cropped to {height} x {width} pixels: both must be at least 1.");
        if (image.Height == height && image.Width == width) return image;

        while (image.Height >= 2 * height && image.Width >= 2 * width) image = Resampling.Halve(image);
        var scale = Math.Max((double)height / image.Height, (double)width / image.Width);
        var coveringHeight = Math.Max(height, (int)Math.Round(image.Height * scale));
        var coveringWidth = Math.Max(width, (int)Math.Round(image.Width * scale));
        var covering = Resampling.Bicubic(image, coveringHeight, coveringWidth);
        return Cut(covering, (coveringHeight - height) / 2, (coveringWidth - width) / 2, height, width);
    }

    /// <summary>The picture mirrored left to right.</summary>
    public static RgbImage FlipHorizontal(RgbImage image)
    {
        var flipped = new byte[image.Data.Length];
        for (var at = 0; at < flipped.Length; at += 3)
        {
            var (y, x) = Math.DivRem(at / 3, image.Width);
            image.Data.AsSpan(3 * (y * image.Width + image.Width - 1 - x), 3).CopyTo(flipped.AsSpan(at));
        }
        return new RgbImage(image.Width, image.Height, flipped);
    }

    private static RgbImage Cut(RgbImage image, int top, int left, int height, int width)
    {
        if (image.Height == height && image.Width == width) return image;
        var cut = new byte[3 * height * width];
        for (var y = 0; y < height; y++)
            image.Data.AsSpan(3 * ((top + y) * image.Width + left), 3 * width).CopyTo(cut.AsSpan(3 * y * width));
        return new RgbImage(width, height, cut);
    }
}
