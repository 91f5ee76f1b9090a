namespace Dit.Runtime;

/// <summary>Crops, as pure functions of pixels.</summary>
public static class ImageTransforms
{
    /// <summary>The largest centred part of the picture with the wanted shape, brought to the wanted size.</summary>
    /// <remarks>
    /// The steps of the ADM data loader (Dhariwal and Nichol, arXiv 2105.05233), which DiT trains on: while both sides
    /// are at least twice the wanted ones, 2 x 2 pixels are averaged into one; then the picture is resized by a bicubic
    /// filter, widened when it shrinks, so that it just covers the wanted size; then the middle is cut out. A picture
    /// of the wanted size is returned as it is.
    /// </remarks>
    /// <param name="image">Any picture.</param>
    /// <param name="height">Y wanted.</param>
    /// <param name="width">X wanted.</param>
    /// <exception cref="DitException">A wanted side is below 1.</exception>
    public static RgbImage CenterCrop(RgbImage image, int height, int width)
    {
        if (height < 1 || width < 1)
            throw new DitException($"A picture cannot be cropped to {height} x {width} pixels: both must be at least 1.");
        if (image.Height == height && image.Width == width) return image;

        while (image.Height >= 2 * height && image.Width >= 2 * width) image = Resampling.Halve(image);
        var scale = Math.Max((double)height / image.Height, (double)width / image.Width);
        var coveringHeight = Math.Max(height, (long)Math.Round(image.Height * scale));
        var coveringWidth = Math.Max(width, (long)Math.Round(image.Width * scale));
        return Resampling.BicubicMiddle(image, coveringHeight, coveringWidth, height, width);
    }
}
