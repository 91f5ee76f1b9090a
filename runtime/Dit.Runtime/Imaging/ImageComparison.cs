namespace Dit.Runtime;

/// <summary>How much two pictures differ.</summary>
public static class ImageComparison
{
    /// <summary>
    /// Peak signal-to-noise ratio: <c>10 log10(255^2 / mean squared difference)</c> over all channels of all pixels.
    /// </summary>
    /// <returns>In decibels; positive infinity for equal pictures.</returns>
    /// <exception cref="DitException">The pictures are of different sizes.</exception>
    public static double Psnr(RgbImage a, RgbImage b)
    {
        if ((a.Width, a.Height) != (b.Width, b.Height))
            throw new DitException(
                $"Pictures of {a.Width} x {a.Height} and {b.Width} x {b.Height} pixels cannot be compared: they must be of one size.");
        var squares = 0L; // at most 255^2 for each byte of an array: no overflow
        for (var i = 0; i < a.Data.Length; i++)
        {
            var difference = a.Data[i] - b.Data[i];
            squares += difference * difference;
        }
        return 10 * Math.Log10(255.0 * 255.0 * a.Data.Length / squares);
    }
}
