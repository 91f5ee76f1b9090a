namespace Dit.Runtime;

/// <summary>
/// Shapes and lines with smooth edges: each pixel takes on as much of a color as the shape covers of it. The same on
/// every machine.
/// </summary>
internal static class Drawing
{
    private const int LinesInPixel = 16; // along which a shape is measured

    /// <summary>A rectangle of whole pixels; what lies outside the picture is cut off.</summary>
    public static void Fill(RgbImage image, PixelArea area, (byte R, byte G, byte B) color, double opacity = 1)
    {
        for (var y = Math.Max(0, area.Top); y < Math.Min(image.Height, area.Bottom); y++)
            for (var x = Math.Max(0, area.Left); x < Math.Min(image.Width, area.Right); x++) Blend(image, x, y, color, opacity);
    }

    /// <summary>
    /// The area within closed outlines, less the areas that a second of them encloses (the even-odd rule).
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="outlines">The corners of each, in pixels.</param>
    /// <param name="color">The color.</param>
    public static void FillOutlines(RgbImage image, IReadOnlyList<(double X, double Y)[]> outlines, (byte R, byte G, byte B) color)
    {
        var covered = new double[image.Width];
        for (var y = 0; y < image.Height; y++)
        {
            Array.Clear(covered);
            for (var line = 0; line < LinesInPixel; line++)
                foreach (var span in Crossings(outlines, y + (line + 0.5) / LinesInPixel).Order().Chunk(2))
                    if (span.Length == 2) Cover(covered, span[0], span[1]);
            for (var x = 0; x < covered.Length; x++)
                if (covered[x] > 0) Blend(image, x, y, color, Math.Min(1, covered[x] / LinesInPixel));
        }
    }

    /// <summary>A line through points, its ends and corners round; one point makes a disc.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="points">In pixels.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="color">The color.</param>
    /// <param name="opacity">How much of it is taken where the line covers a pixel.</param>
    /// <param name="within">What lies outside is cut off.</param>
    public static void Stroke(
        RgbImage image,
        IReadOnlyList<(double X, double Y)> points,
        double width,
        (byte R, byte G, byte B) color,
        double opacity,
        PixelArea within)
    {
        var covered = new Dictionary<(int X, int Y), double>(); // each pixel is drawn once, where parts of the line overlap too
        var reach = width / 2 + 0.5;
        for (var i = 0; i < Math.Max(1, points.Count - 1); i++)
        {
            var (a, b) = (points[i], points[Math.Min(i + 1, points.Count - 1)]);
            for (
                var y = Math.Max(within.Top, (int)(Math.Min(a.Y, b.Y) - reach));
                y < Math.Min(within.Bottom, Math.Max(a.Y, b.Y) + reach);
                y++)
                for (
                    var x = Math.Max(within.Left, (int)(Math.Min(a.X, b.X) - reach));
                    x < Math.Min(within.Right, Math.Max(a.X, b.X) + reach);
                    x++)
                {
                    var share = Math.Min(1, reach - Distance((x + 0.5, y + 0.5), a, b));
                    if (share > covered.GetValueOrDefault((x, y)))
                        covered[(x, y)] = share;
                }
        }
        foreach (var ((x, y), share) in covered) Blend(image, x, y, color, opacity * share);
    }

    /// <summary>Where the edges of outlines cross a horizontal line.</summary>
    private static IEnumerable<double> Crossings(IReadOnlyList<(double X, double Y)[]> outlines, double y)
    {
        foreach (var corners in outlines)
            for (var i = 0; i < corners.Length; i++)
            {
                var (a, b) = (corners[i], corners[(i + 1) % corners.Length]);
                if (a.Y <= y != b.Y <= y) yield return a.X + (y - a.Y) / (b.Y - a.Y) * (b.X - a.X);
            }
    }

    /// <summary>Adds to each pixel of a row what the piece from one place to another covers of it.</summary>
    private static void Cover(double[] row, double from, double to)
    {
        (from, to) = (Math.Clamp(from, 0, row.Length), Math.Clamp(to, 0, row.Length));
        for (var x = (int)from; x < to; x++) row[x] += Math.Min(to, x + 1) - Math.Max(from, x);
    }

    private static double Distance((double X, double Y) p, (double X, double Y) a, (double X, double Y) b)
    {
        var (dx, dy) = (b.X - a.X, b.Y - a.Y);
        var length = dx * dx + dy * dy;
        var along = length == 0 ? 0 : Math.Clamp(((p.X - a.X) * dx + (p.Y - a.Y) * dy) / length, 0, 1);
        return double.Hypot(p.X - a.X - along * dx, p.Y - a.Y - along * dy);
    }

    private static void Blend(RgbImage image, int x, int y, (byte R, byte G, byte B) color, double share)
    {
        var pixel = image.Data.AsSpan(3 * (y * image.Width + x), 3);
        (pixel[0], pixel[1], pixel[2]) = (Mixed(pixel[0], color.R), Mixed(pixel[1], color.G), Mixed(pixel[2], color.B));

        byte Mixed(byte below, byte above) => (byte)Math.Round(below + share * (above - below));
    }
}

/// <summary>A rectangle of pixels.</summary>
/// <param name="Left">The first column.</param>
/// <param name="Top">The first row.</param>
/// <param name="Right">One past the last column.</param>
/// <param name="Bottom">One past the last row.</param>
internal readonly record struct PixelArea(int Left, int Top, int Right, int Bottom)
{
    public int Width => Right - Left;

    public int Height => Bottom - Top;
}
