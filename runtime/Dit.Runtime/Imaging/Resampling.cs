namespace Dit.Runtime;

/// <summary>Resizing with the same result on every machine.</summary>
internal static class Resampling
{
    // Keys' cubic convolution with a = -1/2 reaches two source pixels to each side.
    private const double Reach = 2;

    /// <summary>Each 2 x 2 pixels averaged into one; an odd last row or column is dropped.</summary>
    public static RgbImage Halve(RgbImage image)
    {
        var (width, height, stride) = (image.Width / 2, image.Height / 2, 3 * image.Width);
        var half = new byte[3 * width * height];
        for (var y = 0; y < height; y++)
            for (var i = 0; i < 3 * width; i++)
            {
                var from = 2 * y * stride + i / 3 * 6 + i % 3;
                var sum = image.Data[from] + image.Data[from + 3] + image.Data[from + stride] + image.Data[from + stride + 3];
                half[3 * y * width + i] = (byte)((sum + 2) / 4);
            }
        return new RgbImage(width, height, half);
    }

    /// <summary>
    /// The middle, (height, width), of the picture after bicubic resizing to a covering size; a shrinking filter is
    /// widened by the factor, so that no detail aliases.
    /// </summary>
    /// <remarks>Only the middle is computed: a long thin picture may cover far more than memory holds.</remarks>
    public static RgbImage BicubicMiddle(RgbImage image, long coveringHeight, long coveringWidth, int height, int width)
    {
        var (across, down) = (Filter(image.Width, coveringWidth, width), Filter(image.Height, coveringHeight, height));
        var (top, bottom) = (down[0].First, down[^1].First + down[^1].Weights.Length);
        var rows = Rows(image, top, bottom, across);
        return new RgbImage(width, height, Columns(rows, width, [.. down.Select(taps => taps with { First = taps.First - top })]));
    }

    private static byte[] Rows(RgbImage image, int top, int bottom, Taps[] filter)
    {
        var (from, to) = (3 * image.Width, 3 * filter.Length);
        var resized = new byte[(bottom - top) * to];
        for (var y = top; y < bottom; y++)
            for (var x = 0; x < filter.Length; x++)
                for (var c = 0; c < 3; c++)
                    resized[(y - top) * to + 3 * x + c] = filter[x].Sum(image.Data, y * from + c, 3);
        return resized;
    }

    private static byte[] Columns(byte[] data, int width, Taps[] filter)
    {
        var stride = 3 * width;
        var resized = new byte[filter.Length * stride];
        for (var y = 0; y < filter.Length; y++)
            for (var i = 0; i < stride; i++)
                resized[y * stride + i] = filter[y].Sum(data, i, stride);
        return resized;
    }

    /// <summary>
    /// The source pixels and weights of the middle <paramref name="count"/> of <paramref name="to"/> pixels.
    /// </summary>
    private static Taps[] Filter(int from, long to, int count)
    {
        var step = (double)from / to;
        var widening = Math.Max(1, step);
        var skipped = (to - count) / 2;
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var center = (skipped + i + 0.5) * step;
            var first = Math.Max(0, (int)(center - Reach * widening + 0.5));
            var end = Math.Min(from, (int)(center + Reach * widening + 0.5));
            var weights = Enumerable.Range(first, end - first).Select(j => Cubic((j + 0.5 - center) / widening)).ToArray();
            var sum = weights.Sum();
            return new Taps(first, [.. weights.Select(w => w / sum)]);
        })];
    }

    private static double Cubic(double x)
    {
        x = Math.Abs(x);
        if (x >= 2) return 0;
        return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
    }

    private readonly record struct Taps(int First, double[] Weights)
    {
        public byte Sum(byte[] data, int start, int stride)
        {
            var (sum, at) = (0.0, start + First * stride);
            foreach (var weight in Weights)
            {
                sum += weight * data[at];
                at += stride;
            }
            return (byte)Math.Clamp(Math.Round(sum, MidpointRounding.AwayFromZero), 0, 255);
        }
    }
}
