using SkiaSharp;

namespace Dit.Runtime;

/// <summary>One point of a curve.</summary>
/// <param name="X">Usually the training step.</param>
/// <param name="Y">Usually the loss.</param>
public readonly record struct PlotPoint(double X, double Y);

/// <summary>A named curve.</summary>
/// <param name="Name">What the legend calls it; empty for no entry.</param>
/// <param name="Points">Its points, by rising X. Points that are not finite, or not positive on a logarithmic axis, are left out.</param>
public sealed record PlotSeries(string Name, IReadOnlyList<PlotPoint> Points);

/// <summary>How a plot looks.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="XLabel">What the horizontal axis counts.</param>
/// <param name="YLabel">What the vertical axis measures.</param>
/// <param name="LogY">Whether the vertical axis is logarithmic.</param>
/// <param name="Smoothing">The part of a curve's points that its line averages at each point, from 0 (none) to 1.</param>
public sealed record PlotOptions(
    int Width = 900, int Height = 500, string XLabel = "step", string YLabel = "loss", bool LogY = false, double Smoothing = 0.04);

/// <summary>Plots as PNG files.</summary>
public static class Plot
{
    private const int Dot = 2; // Pixels for each dot of the letters.
    private const int MinWidth = 320, MinHeight = 200;
    private static readonly (byte, byte, byte) Dark = (40, 40, 48), Grey = (96, 96, 104);

    // Told apart by people with any kind of colour vision (Okabe and Ito, 2008).
    private static readonly SKColor[] Colours =
        [new(0x00, 0x72, 0xB2), new(0xD5, 0x5E, 0x00), new(0x00, 0x9E, 0x73), new(0xCC, 0x79, 0xA7), new(0xE6, 0x9F, 0x00), new(0x56, 0xB4, 0xE9)];

    /// <summary>Writes curves as a PNG file, whole or not at all; see <see cref="Render"/>.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="title">Written above the plot.</param>
    /// <param name="series">The curves.</param>
    /// <param name="options">Size, labels and scale; 900 x 500 pixels by default.</param>
    /// <exception cref="DitException">There is nothing to draw, an option is out of range, or the file cannot be written.</exception>
    public static void LossCurve(string path, string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null) =>
        ImageFile.WritePng(path, Render(title, series, options));

    /// <summary>Draws curves: every point lightly, and a line through their moving average.</summary>
    /// <remarks>The vertical axis shows all of the lines and the middle 99 % of the points, so that a few outliers do not flatten the rest.</remarks>
    /// <param name="title">Written above the plot.</param>
    /// <param name="series">The curves.</param>
    /// <param name="options">Size, labels and scale; 900 x 500 pixels by default.</param>
    /// <exception cref="DitException">There is nothing to draw, or an option is out of range.</exception>
    public static RgbImage Render(string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null)
    {
        options ??= new PlotOptions();
        if (options.Width < MinWidth || options.Height < MinHeight)
            throw new DitException($"A plot of {options.Width} x {options.Height} pixels is not readable: at least {MinWidth} x {MinHeight} are needed.");
        if (options.Smoothing is not (>= 0 and <= 1))
            throw new DitException($"The smoothing of a plot is a part of its points, from 0 to 1, not {options.Smoothing}.");
        var curves = series.Select((one, i) => Curve.Of(one, Colours[i % Colours.Length], options)).ToArray();
        if (curves.All(curve => curve.Points.Length == 0))
            throw new DitException($"The plot \"{title}\" has nothing to show: no point is finite{(options.LogY ? " and positive" : "")}.");

        var (x, y) = Axes(curves, options.LogY);
        var frame = Frame(y, options);
        var image = Skia.Draw(options.Width, options.Height, canvas =>
        {
            DrawTicks(canvas, frame, x, y);
            DrawCurves(canvas, frame, x, y, curves);
            DrawLegendBox(canvas, frame, curves);
        });
        DrawTexts(image, frame, x, y, title, options);
        DrawLegendTexts(image, frame, curves);
        return image;
    }

    private static (PlotAxis X, PlotAxis Y) Axes(Curve[] curves, bool log)
    {
        var xs = curves.SelectMany(curve => curve.Points).Select(point => point.X).ToArray();
        var ys = curves.Where(curve => curve.Points.Length > 0).SelectMany(curve => curve.Extremes()).ToArray();
        var vertical = log ? PlotAxis.Logarithmic(ys.Min(), ys.Max(), 0.04) : PlotAxis.Linear(ys.Min(), ys.Max(), 0.04);
        // Steps counted from 1, or logged every so often, still begin at 0.
        var begin = xs.Min() > 0 && xs.Min() < 0.05 * xs.Max() ? 0 : xs.Min();
        return (PlotAxis.Linear(begin, xs.Max(), 0), vertical);
    }

    /// <summary>The rectangle that the curves are drawn in: what titles, ticks and labels leave.</summary>
    private static SKRect Frame(PlotAxis y, PlotOptions options)
    {
        var ticks = y.Ticks.Select(tick => BitmapFont.Measure(tick.Label, Dot)).DefaultIfEmpty(0).Max();
        return new SKRect(ticks + 24, 74, options.Width - 36, options.Height - 62);
    }

    private static SKPoint At(SKRect frame, PlotAxis x, PlotAxis y, PlotPoint point) => new(
        (float)(frame.Left + frame.Width * x.Fraction(point.X)),
        (float)(frame.Bottom - frame.Height * y.Fraction(point.Y)));

    private static void DrawTicks(SKCanvas canvas, SKRect frame, PlotAxis x, PlotAxis y)
    {
        using var light = new SKPaint { Color = new SKColor(228, 228, 234), StrokeWidth = 1 };
        using var dark = new SKPaint { Color = new SKColor(96, 96, 104), StrokeWidth = 1 };
        foreach (var (value, _) in y.Ticks)
        {
            var at = Pixel(frame.Bottom - frame.Height * y.Fraction(value));
            canvas.DrawLine(frame.Left, at, frame.Right, at, light);
        }
        foreach (var (value, _) in x.Ticks)
        {
            var at = Pixel(frame.Left + frame.Width * x.Fraction(value));
            canvas.DrawLine(at, frame.Top, at, frame.Bottom, light);
            canvas.DrawLine(at, frame.Bottom, at, frame.Bottom + 5, dark);
        }
        canvas.DrawLine(frame.Left, frame.Bottom + 0.5f, frame.Right, frame.Bottom + 0.5f, dark);
        canvas.DrawLine(frame.Left + 0.5f, frame.Top, frame.Left + 0.5f, frame.Bottom, dark);
    }

    // Lines one pixel wide are sharp through the middle of a pixel.
    private static float Pixel(double at) => (float)Math.Floor(at) + 0.5f;

    private static void DrawCurves(SKCanvas canvas, SKRect frame, PlotAxis x, PlotAxis y, Curve[] curves)
    {
        canvas.Save();
        canvas.ClipRect(frame);
        foreach (var curve in curves)
        {
            using var faint = new SKPaint { Color = curve.Colour.WithAlpha(56), IsAntialias = true };
            foreach (var point in curve.Points) canvas.DrawCircle(At(frame, x, y, point), 1.6f, faint);
        }
        foreach (var curve in curves.Where(curve => curve.Points.Length > 0))
        {
            using var line = new SKPaint
            {
                Color = curve.Colour,
                StrokeWidth = 2.5f,
                IsStroke = true,
                IsAntialias = true,
                StrokeJoin = SKStrokeJoin.Round,
                StrokeCap = SKStrokeCap.Round,
            };
            using var path = new SKPath();
            path.AddPoly([.. curve.Smooth.Select(point => At(frame, x, y, point))], close: false);
            canvas.DrawPath(path, line);
        }
        canvas.Restore();
    }

    private static void DrawTexts(RgbImage image, SKRect frame, PlotAxis x, PlotAxis y, string title, PlotOptions options)
    {
        var capHeight = BitmapFont.CapHeight * Dot;
        Write(image, (options.Width - BitmapFont.Measure(title, Dot)) / 2, 14, title, Dark);
        Write(image, 12, 44, options.LogY ? options.YLabel + " (log scale)" : options.YLabel, Dark);
        Write(image, (int)frame.MidX - BitmapFont.Measure(options.XLabel, Dot) / 2, options.Height - 26, options.XLabel, Dark);
        foreach (var (value, label) in y.Ticks)
            Write(image, (int)frame.Left - 10 - BitmapFont.Measure(label, Dot), (int)(frame.Bottom - frame.Height * y.Fraction(value)) - capHeight / 2, label, Grey);
        foreach (var (value, label) in x.Ticks)
            Write(image, (int)(frame.Left + frame.Width * x.Fraction(value)) - BitmapFont.Measure(label, Dot) / 2, (int)frame.Bottom + 10, label, Grey);
    }

    private static void Write(RgbImage image, int x, int y, string text, (byte, byte, byte) colour) => BitmapFont.Draw(image, x, y, text, Dot, colour);

    // The legend: one line of text for each named curve, in the upper right corner, where falling losses leave room.
    private const int LegendLine = 24, LegendSwatch = 28, LegendMargin = 10;

    private static SKRect LegendBox(SKRect frame, Curve[] named)
    {
        var width = named.Max(curve => BitmapFont.Measure(curve.Name, Dot)) + LegendSwatch + 3 * LegendMargin;
        return SKRect.Create(frame.Right - width - LegendMargin, frame.Top + LegendMargin, width, named.Length * LegendLine + LegendMargin);
    }

    private static Curve[] Named(Curve[] curves) => [.. curves.Where(curve => curve.Name.Length > 0)];

    private static void DrawLegendBox(SKCanvas canvas, SKRect frame, Curve[] curves)
    {
        var named = Named(curves);
        if (named.Length == 0) return;
        var box = LegendBox(frame, named);
        using var paper = new SKPaint { Color = SKColors.White.WithAlpha(220) };
        canvas.DrawRect(box, paper);
        for (var i = 0; i < named.Length; i++)
        {
            using var swatch = new SKPaint { Color = named[i].Colour, StrokeWidth = 4 };
            var y = box.Top + LegendMargin + i * LegendLine + BitmapFont.CapHeight * Dot / 2f;
            canvas.DrawLine(box.Left + LegendMargin, y, box.Left + LegendMargin + LegendSwatch, y, swatch);
        }
    }

    private static void DrawLegendTexts(RgbImage image, SKRect frame, Curve[] curves)
    {
        var named = Named(curves);
        if (named.Length == 0) return;
        var box = LegendBox(frame, named);
        for (var i = 0; i < named.Length; i++)
            Write(image, (int)box.Left + 2 * LegendMargin + LegendSwatch, (int)box.Top + LegendMargin + i * LegendLine, named[i].Name, Dark);
    }

    /// <summary>A series ready to draw.</summary>
    private sealed record Curve(string Name, SKColor Colour, PlotPoint[] Points, PlotPoint[] Smooth)
    {
        public static Curve Of(PlotSeries series, SKColor colour, PlotOptions options)
        {
            PlotPoint[] points = [.. series.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y) && (!options.LogY || p.Y > 0))];
            return new Curve(series.Name, colour, points, MovingAverage(points, (int)(options.Smoothing * points.Length / 2)));
        }

        /// <summary>Both ends of the line's values and of the middle 99 % of the points'.</summary>
        public double[] Extremes()
        {
            var sorted = Points.Select(point => point.Y).Order().ToArray();
            var rest = sorted.Length / 200;
            return [sorted[rest], sorted[^(rest + 1)], Smooth.Min(point => point.Y), Smooth.Max(point => point.Y)];
        }
    }

    /// <summary>Each value replaced by the mean of itself and up to <paramref name="reach"/> neighbours to each side.</summary>
    /// <remarks>At the beginning, where losses fall steeply, only as many later neighbours as there are earlier ones: the line starts at the first value.</remarks>
    internal static PlotPoint[] MovingAverage(PlotPoint[] points, int reach)
    {
        var sums = new double[points.Length + 1];
        for (var i = 0; i < points.Length; i++) sums[i + 1] = sums[i] + points[i].Y;
        return [.. points.Select((point, i) =>
        {
            var side = Math.Min(reach, i);
            var (first, end) = (i - side, Math.Min(points.Length, i + side + 1));
            return point with { Y = (sums[end] - sums[first]) / (end - first) };
        })];
    }
}
