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

    /// <summary>Bicubic resizing; a shrinking filter is widened by the factor, so that no detail aliases.</summary>
    public static RgbImage Bicubic(RgbImage image, int height, int width)
    {
        var wide = width == image.Width ? image.Data : Rows(image.Data, image.Height, Filter(image.Width, width));
        if (height == image.Height) return new RgbImage(width, height, wide);
        return new RgbImage(width, height, Columns(wide, width, Filter(image.Height, height)));
    }

    private static byte[] Rows(byte[] data, int rows, Taps[] filter)
    {
        var (from, to) = (data.Length / rows, 3 * filter.Length);
        var resized = new byte[rows * to];
        for (var y = 0; y < rows; y++)
            for (var x = 0; x < filter.Length; x++)
                for (var c = 0; c < 3; c++)
                    resized[y * to + 3 * x + c] = filter[x].Sum(data, y * from + c, 3);
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

    /// <summary>The source pixels and weights of each of <paramref name="to"/> pixels.</summary>
    private static Taps[] Filter(int from, int to)
    {
        var step = (double)from / to;
        var widening = Math.Max(1, step);
        return [.. Enumerable.Range(0, to).Select(i =>
        {
            var centre = (i + 0.5) * step;
            var first = Math.Max(0, (int)(centre - Reach * widening + 0.5));
            var end = Math.Min(from, (int)(centre + Reach * widening + 0.5));
            var weights = Enumerable.Range(first, end - first).Select(j => Cubic((j + 0.5 - centre) / widening)).ToArray();
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
