using SkiaSharp;

namespace Dit.Runtime;

/// <summary>A procedural data set: ten classes of colourful shapes, small enough to train a model on a laptop and to judge by eye.</summary>
/// <remarks>Image i of seed s is a pure function of (s, i), and its class is i modulo 10.</remarks>
public static partial class ShapesDataset
{
    /// <summary>The side of an image by default, in pixels.</summary>
    public const int DefaultSize = 32;

    /// <summary>The largest side of an image, in pixels.</summary>
    public const int LargestSize = 4096;

    /// <summary>The ten classes, in the order of their labels.</summary>
    public static IReadOnlyList<string> Classes { get; } =
        ["arrow", "circle", "crescent", "cross", "diamond", "heart", "ring", "square", "star", "triangle"];

    /// <summary>Draws one image.</summary>
    /// <param name="seed">Names the data set.</param>
    /// <param name="index">The image, from 0; its label is <c>index % 10</c>.</param>
    /// <param name="size">Y and X, in pixels.</param>
    /// <exception cref="DitException">The index is below 0 or the size below 8 or above <see cref="LargestSize"/>.</exception>
    public static RgbImage Render(long seed, int index, int size = DefaultSize)
    {
        if (index < 0) throw new DitException($"There is no image {index}: images are counted from 0.");
        CheckSize(size);
        var scene = ShapeScene.Of(seed, index);
        return Skia.Draw(size, size, canvas =>
        {
            canvas.Scale(size);
            Paint(canvas, scene);
        });
    }

    private static void Paint(SKCanvas canvas, ShapeScene scene)
    {
        using var background = new SKPaint { IsAntialias = false };
        using var gradient = SKShader.CreateLinearGradient(
            Point(0.5 - 0.6 * Math.Cos(scene.GradientAngle), 0.5 - 0.6 * Math.Sin(scene.GradientAngle)),
            Point(0.5 + 0.6 * Math.Cos(scene.GradientAngle), 0.5 + 0.6 * Math.Sin(scene.GradientAngle)),
            [Colour(scene.BackgroundFrom), Colour(scene.BackgroundTo)], SKShaderTileMode.Clamp);
        background.Shader = gradient;
        canvas.DrawRect(0, 0, 1, 1, background);

        using var ink = new SKPaint { IsAntialias = true, Color = Colour(scene.Ink) };
        using var outline = Outline(Classes[scene.Label]);
        canvas.Translate((float)scene.X, (float)scene.Y);
        canvas.RotateDegrees((float)scene.Degrees);
        canvas.Scale((float)scene.HalfExtent);
        canvas.DrawPath(outline, ink);
    }

    /// <summary>The outline of a class within a circle of radius 1.02 about the origin, y downwards.</summary>
    private static SKPath Outline(string name) => name switch
    {
        "arrow" => Polygon((-0.97, -0.27), (0.08, -0.27), (0.08, -0.78), (1, 0), (0.08, 0.78), (0.08, 0.27), (-0.97, 0.27)),
        "circle" => Disc(0, 0, 0.92),
        "crescent" => Crescent(),
        "cross" => Cross(1, 0.3),
        "diamond" => Polygon((0, -1), (0.72, 0), (0, 1), (-0.72, 0)),
        "heart" => Heart(),
        "ring" => Ring(0.96, 0.54),
        "square" => Polygon((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),
        "star" => Star(1.02, 0.42),
        "triangle" => Polygon((0, -0.95), (0.93, 0.7), (-0.93, 0.7)),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such shape."),
    };

    private static SKPath Polygon(params (double X, double Y)[] corners)
    {
        var path = new SKPath();
        path.AddPoly([.. corners.Select(corner => Point(corner.X, corner.Y))]);
        return path;
    }

    private static SKPath Disc(double x, double y, double radius)
    {
        var path = new SKPath();
        path.AddCircle((float)x, (float)y, (float)radius);
        return path;
    }

    private static SKPath Ring(double outer, double inner)
    {
        var path = Disc(0, 0, outer);
        path.AddCircle(0, 0, (float)inner);
        path.FillType = SKPathFillType.EvenOdd;
        return path;
    }

    private static SKPath Crescent()
    {
        using var moon = Disc(0, 0, 1);
        using var shadow = Disc(0.5, -0.12, 0.78);
        return moon.Op(shadow, SKPathOp.Difference);
    }

    private static SKPath Cross(double arm, double half) => Polygon(
        (-half, -arm), (half, -arm), (half, -half), (arm, -half), (arm, half), (half, half),
        (half, arm), (-half, arm), (-half, half), (-arm, half), (-arm, -half), (-half, -half));

    private static SKPath Star(double outer, double inner) => Polygon([.. Enumerable.Range(0, 10).Select(k =>
    {
        var (radius, angle) = (k % 2 == 0 ? outer : inner, Math.PI * (k / 5.0 - 0.5));
        return (radius * Math.Cos(angle), radius * Math.Sin(angle));
    })]);

    private static SKPath Heart()
    {
        var path = new SKPath();
        path.MoveTo(0, 0.95f);
        path.CubicTo(-0.5f, 0.55f, -1.02f, 0.2f, -1.0f, -0.32f);
        path.CubicTo(-0.98f, -0.95f, -0.2f, -1.05f, 0, -0.42f);
        path.CubicTo(0.2f, -1.05f, 0.98f, -0.95f, 1.0f, -0.32f);
        path.CubicTo(1.02f, 0.2f, 0.5f, 0.55f, 0, 0.95f);
        path.Close();
        return path;
    }

    private static SKPoint Point(double x, double y) => new((float)x, (float)y);

    private static SKColor Colour(Rgb colour) => new(colour.R, colour.G, colour.B);
}
