namespace Dit.Runtime;

/// <summary>An 8-bit sRGB color.</summary>
internal readonly record struct Rgb(byte R, byte G, byte B)
{
    /// <summary>A color of hue (turns), saturation and value, each in [0, 1].</summary>
    public static Rgb FromHsv(double hue, double saturation, double value)
    {
        byte Channel(double offset)
        {
            var k = (offset + 6 * hue) % 6;
            return (byte)Math.Round(255 * value * (1 - saturation * Math.Clamp(Math.Min(k, 4 - k), 0, 1)));
        }
        return new Rgb(Channel(5), Channel(3), Channel(1));
    }

    /// <summary>
    /// How different two colors look: their distance in Oklab, where black and white are 1 apart (Ottosson, 2020).
    /// </summary>
    public static double Distance(Rgb a, Rgb b)
    {
        var (l, m, s) = a.Oklab();
        var (l2, m2, s2) = b.Oklab();
        return Math.Sqrt((l - l2) * (l - l2) + (m - m2) * (m - m2) + (s - s2) * (s - s2));
    }

    /// <summary>
    /// How much lighter or darker one color looks than the other: the difference of Oklab lightness, at most 1.
    /// </summary>
    public static double LightnessGap(Rgb a, Rgb b) => Math.Abs(a.Oklab().L - b.Oklab().L);

    /// <summary>The color a fraction of the way to another one.</summary>
    public static Rgb Mix(Rgb a, Rgb b, double t) => new(
        (byte)Math.Round(a.R + (b.R - a.R) * t), (byte)Math.Round(a.G + (b.G - a.G) * t), (byte)Math.Round(a.B + (b.B - a.B) * t));

    private (double L, double A, double B) Oklab()
    {
        var (r, g, b) = (Linear(R), Linear(G), Linear(B));
        var l = Math.Cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
        var m = Math.Cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
        var s = Math.Cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
        return (0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
                1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
                0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s);
    }

    private static double Linear(byte channel)
    {
        var c = channel / 255.0;
        return c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
    }
}

/// <summary>Everything that one image of the shapes data set shows, in units of the image's side.</summary>
/// <param name="Label">The class.</param>
/// <param name="X">Centre, from the left.</param>
/// <param name="Y">Centre, from the top.</param>
/// <param name="HalfExtent">From the center to the tip.</param>
/// <param name="Degrees">Turn, clockwise.</param>
/// <param name="Ink">Color of the shape.</param>
/// <param name="BackgroundFrom">Background at one end.</param>
/// <param name="BackgroundTo">Background at the other end; the same when plain.</param>
/// <param name="GradientAngle">Direction of the gradient, in radians.</param>
internal sealed record ShapeScene(
    int Label, double X, double Y, double HalfExtent, double Degrees, Rgb Ink, Rgb BackgroundFrom, Rgb BackgroundTo, double GradientAngle)
{
    /// <summary>The least Oklab distance between the shape and any part of its background.</summary>
    public const double LeastDistance = 0.34;

    /// <summary>The least difference in lightness: a shape stays readable without color.</summary>
    public const double LeastLightnessGap = 0.22;

    // 8 to 13 of 32 pixels, and one pixel of air between the shape and the border.
    private const double Smallest = 8 / 32.0, Largest = 13 / 32.0, Air = 1 / 32.0, MostDegrees = 12;

    /// <summary>Image <paramref name="index"/> of <paramref name="seed"/>.</summary>
    public static ShapeScene Of(long seed, int index)
    {
        var random = SplitMix64.Of(seed, index);
        var half = random.Between(Smallest, Largest);
        var room = 0.5 - Air - 1.02 * half;
        var (x, y) = (0.5 + random.Between(-room, room), 0.5 + random.Between(-room, room));
        var degrees = random.Between(-MostDegrees, MostDegrees);
        var angle = random.Between(0, 2 * Math.PI);
        while (true)
        {
            var ink = Rgb.FromHsv(random.NextDouble(), random.Between(0.65, 1), random.Between(0.6, 1));
            var (from, to) = Background(ref random);
            if (Contrasts(ink, from, to))
                return new ShapeScene(index % ShapesDataset.Classes.Count, x, y, half, degrees, ink, from, to, angle);
        }
    }

    /// <summary>Whether the shape stands out from every part of its background.</summary>
    public static bool Contrasts(Rgb ink, Rgb from, Rgb to) => new[] { 0, 0.5, 1 }
        .Select(t => Rgb.Mix(from, to, t))
        .All(color => Rgb.Distance(ink, color) >= LeastDistance && Rgb.LightnessGap(ink, color) >= LeastLightnessGap);

    /// <summary>
    /// Pale or dark, so that vivid shapes stand out; half of them a soft gradient to a neighboring color.
    /// </summary>
    private static (Rgb From, Rgb To) Background(ref SplitMix64 random)
    {
        var (hue, pale, plain) = (random.NextDouble(), random.Below(2) == 0, random.Below(2) == 0);
        var (saturation, value) = pale
            ? (random.Between(0.04, 0.3), random.Between(0.88, 1))
            : (random.Between(0.3, 0.75), random.Between(0.12, 0.38));
        var from = Rgb.FromHsv(hue, saturation, value);
        if (plain) return (from, from);
        var towards = pale ? random.Between(-0.18, -0.06) : random.Between(0.08, 0.2);
        var to = Rgb.FromHsv(
            (hue + 1 + random.Between(-0.12, 0.12)) % 1, Math.Clamp(saturation + random.Between(-0.1, 0.15), 0, 1), value + towards);
        return (from, to);
    }
}
