namespace Dit.Runtime;

/// <summary>
/// A procedural data set: ten classes of colorful shapes, small enough to train a model on a laptop and to judge by
/// eye.
/// </summary>
/// <remarks>Image i of seed s is a pure function of (s, i), and its class is i modulo 10.</remarks>
public static partial class ShapesDataset
{
    /// <summary>The side of an image by default, in pixels.</summary>
    public const int DefaultSize = 32;

    /// <summary>The largest side of an image, in pixels.</summary>
    public const int LargestSize = 4096;

    private const int PointsOfCurve = 96;

    /// <summary>The ten classes, in the order of their labels.</summary>
    public static IReadOnlyList<string> Classes { get; } =
        ["arrow", "circle", "crescent", "cross", "diamond", "heart", "ring", "square", "star", "triangle"];

    /// <summary>Draws one image.</summary>
    /// <param name="seed">Names the data set.</param>
    /// <param name="index">The image, from 0; its label is <c>index % 10</c>.</param>
    /// <param name="size">Y and X, in pixels.</param>
    /// <exception cref="DitException">
    /// The index is below 0 or the size below 8 or above <see cref="LargestSize"/>.
    /// </exception>
    public static RgbImage Render(long seed, int index, int size = DefaultSize)
    {
        if (index < 0) throw new DitException($"There is no image {index}: images are counted from 0.");
        CheckSize(size);
        var scene = ShapeScene.Of(seed, index);
        var image = Background(scene, size);
        Drawing.FillOutlines(image, [.. Outlines(Classes[scene.Label]).Select(outline => Placed(outline, scene, size))], Color(scene.Ink));
        return image;
    }

    private static RgbImage Background(ShapeScene scene, int size)
    {
        var image = RgbImage.Filled(size, size, Color(scene.BackgroundFrom));
        var (across, down) = (Math.Cos(scene.GradientAngle), Math.Sin(scene.GradientAngle));
        for (var y = 0; y < size; y++)
            for (var x = 0; x < size; x++)
            {
                // From one color to the other within 1.2 sides of the image, through its middle.
                var along = (((x + 0.5) / size - 0.5) * across + ((y + 0.5) / size - 0.5) * down) / 1.2 + 0.5;
                var color = Rgb.Mix(scene.BackgroundFrom, scene.BackgroundTo, Math.Clamp(along, 0, 1));
                var at = 3 * (y * size + x);
                (image.Data[at], image.Data[at + 1], image.Data[at + 2]) = Color(color);
            }
        return image;
    }

    /// <summary>An outline in pixels: enlarged, turned and moved as the scene says.</summary>
    private static (double X, double Y)[] Placed((double X, double Y)[] outline, ShapeScene scene, int size)
    {
        var (sin, cos) = Math.SinCos(scene.Degrees * Math.PI / 180);
        return Array.ConvertAll(outline, p => (
            size * (scene.X + scene.HalfExtent * (p.X * cos - p.Y * sin)),
            size * (scene.Y + scene.HalfExtent * (p.X * sin + p.Y * cos))));
    }

    /// <summary>The outlines of a class within a circle of radius 1.02 about the origin, y downwards.</summary>
    private static (double X, double Y)[][] Outlines(string name) => name switch
    {
        "arrow" => [[(-0.97, -0.27), (0.08, -0.27), (0.08, -0.78), (1, 0), (0.08, 0.78), (0.08, 0.27), (-0.97, 0.27)]],
        "circle" => [Arc(0, 0, 0.92, 0, Math.Tau)],
        "crescent" => [Crescent()],
        "cross" => [Cross(1, 0.3)],
        "diamond" => [[(0, -1), (0.72, 0), (0, 1), (-0.72, 0)]],
        "heart" => [Heart()],
        "ring" => [Arc(0, 0, 0.96, 0, Math.Tau), Arc(0, 0, 0.54, 0, Math.Tau)],
        "square" => [[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]],
        "star" => [Star(1.02, 0.42)],
        "triangle" => [[(0, -0.95), (0.93, 0.7), (-0.93, 0.7)]],
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such shape."),
    };

    private static (double X, double Y)[] Arc(double x, double y, double radius, double from, double to) =>
        [
            .. Enumerable
                .Range(0, PointsOfCurve)
                .Select(i => from + (to - from) * i / PointsOfCurve)
                .Select(angle => (x + radius * Math.Cos(angle), y + radius * Math.Sin(angle))),
        ];

    /// <summary>A disc of radius 1 less a smaller one that reaches over its edge.</summary>
    private static (double X, double Y)[] Crescent()
    {
        var (x, y, radius) = (0.5, -0.12, 0.78);
        var (distance, toward) = (double.Hypot(x, y), Math.Atan2(y, x));
        // Half the angle between the two points where the circles meet, seen from each middle (law of cosines).
        var outer = Math.Acos((1 + distance * distance - radius * radius) / (2 * distance));
        var inner = Math.Acos((radius * radius + distance * distance - 1) / (2 * distance * radius));
        return
        [
            .. Arc(0, 0, 1, toward + outer, toward + Math.Tau - outer),
            .. Arc(x, y, radius, toward + Math.PI + inner, toward + Math.PI - inner),
        ];
    }

    private static (double X, double Y)[] Cross(double arm, double half) =>
    [
        (-half, -arm), (half, -arm), (half, -half), (arm, -half), (arm, half), (half, half),
        (half, arm), (-half, arm), (-half, half), (-arm, half), (-arm, -half), (-half, -half),
    ];

    private static (double X, double Y)[] Star(double outer, double inner) => [.. Enumerable.Range(0, 10).Select(k =>
    {
        var (radius, angle) = (k % 2 == 0 ? outer : inner, Math.PI * (k / 5.0 - 0.5));
        return (radius * Math.Cos(angle), radius * Math.Sin(angle));
    })];

    private static (double X, double Y)[] Heart() =>
    [
        .. Cubic((0, 0.95), (-0.5, 0.55), (-1.02, 0.2), (-1, -0.32)),
        .. Cubic((-1, -0.32), (-0.98, -0.95), (-0.2, -1.05), (0, -0.42)),
        .. Cubic((0, -0.42), (0.2, -1.05), (0.98, -0.95), (1, -0.32)),
        .. Cubic((1, -0.32), (1.02, 0.2), (0.5, 0.55), (0, 0.95)),
    ];

    /// <summary>Points of a Bezier curve, but the last.</summary>
    private static IEnumerable<(double X, double Y)> Cubic(
        (double X, double Y) a,
        (double X, double Y) b,
        (double X, double Y) c,
        (double X, double Y) d) =>
        Enumerable.Range(0, PointsOfCurve).Select(i =>
        {
            var t = (double)i / PointsOfCurve;
            var (u, v, w, z) = ((1 - t) * (1 - t) * (1 - t), 3 * (1 - t) * (1 - t) * t, 3 * (1 - t) * t * t, t * t * t);
            return (u * a.X + v * b.X + w * c.X + z * d.X, u * a.Y + v * b.Y + w * c.Y + z * d.Y);
        });

    private static (byte, byte, byte) Color(Rgb color) => (color.R, color.G, color.B);
}
