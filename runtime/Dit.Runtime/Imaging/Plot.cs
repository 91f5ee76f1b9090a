namespace Dit.Runtime;

/// <summary>One point of a curve.</summary>
/// <param name="X">Usually the training step.</param>
/// <param name="Y">Usually the loss.</param>
public readonly record struct PlotPoint(double X, double Y);

/// <summary>A named curve.</summary>
/// <param name="Name">What the legend calls it; empty for no entry.</param>
/// <param name="Points">
/// Its points, by rising X. Points that are not finite, or not positive on a logarithmic axis, are left out.
/// </param>
public sealed record PlotSeries(string Name, IReadOnlyList<PlotPoint> Points);

/// <summary>How a plot looks.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="XLabel">What the horizontal axis counts.</param>
/// <param name="YLabel">What the vertical axis measures.</param>
/// <param name="LogY">Whether the vertical axis is logarithmic.</param>
/// <param name="Smoothing">
/// The part of a curve's points that its line averages at each point, from 0 (none) to 1.
/// </param>
public sealed record PlotOptions(
    int Width = 900, int Height = 500, string XLabel = "step", string YLabel = "loss", bool LogY = false, double Smoothing = 0.04);

/// <summary>Plots as PNG files.</summary>
public static class Plot
{
    private const int Dot = 2; // Pixels for each dot of the letters.
    private const int MinWidth = 320, MinHeight = 200;
    private static readonly (byte, byte, byte) Dark = (40, 40, 48), Gray = (96, 96, 104), Light = (228, 228, 234), White = (255, 255, 255);

    // Distinguishable for people with any kind of color vision (Okabe and Ito, 2008).
    private static readonly (byte, byte, byte)[] Colors =
        [(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73), (0xCC, 0x79, 0xA7), (0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9)];

    // Beyond the colors, darker ones of the same hues, then lighter ones.
    private static (byte, byte, byte) ColorOf(int curve)
    {
        var (r, g, b) = Colors[curve % Colors.Length];
        return (curve / Colors.Length % 3) switch
        {
            0 => (r, g, b),
            1 => ((byte)(r / 2), (byte)(g / 2), (byte)(b / 2)),
            _ => ((byte)(128 + r / 2), (byte)(128 + g / 2), (byte)(128 + b / 2)),
        };
    }

    /// <summary>Writes curves as a PNG file, whole or not at all; see <see cref="Render"/>.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="title">Written above the plot.</param>
    /// <param name="series">The curves.</param>
    /// <param name="options">Size, labels and scale; 900 x 500 pixels by default.</param>
    /// <exception cref="DitException">
    /// There is nothing to draw, an option is out of range, or the file cannot be written.
    /// </exception>
    public static void LossCurve(string path, string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null) =>
        ImageFile.WritePng(path, Render(title, series, options));

    /// <summary>Draws curves: every point lightly, and a line through their moving average.</summary>
    /// <remarks>
    /// The vertical axis shows all of the lines and the middle 99 % of the points, so that a few outliers do not
    /// flatten the rest.
    /// </remarks>
    /// <param name="title">Written above the plot.</param>
    /// <param name="series">The curves.</param>
    /// <param name="options">Size, labels and scale; 900 x 500 pixels by default.</param>
    /// <exception cref="DitException">There is nothing to draw, or an option is out of range.</exception>
    public static RgbImage Render(string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null)
    {
        options ??= new PlotOptions();
        if (options.Width < MinWidth || options.Height < MinHeight)
            throw new DitException(
                $"A plot of {options.Width} x {options.Height} pixels is not readable: at least {MinWidth} x {MinHeight} are needed.");
        if (options.Smoothing is not (>= 0 and <= 1))
            throw new DitException($"The smoothing of a plot is a part of its points, from 0 to 1, not {options.Smoothing}.");
        var curves = series.Select((one, i) => Curve.Of(one, ColorOf(i), options)).ToArray();
        if (curves.All(curve => curve.Points.Length == 0))
            throw new DitException($"The plot \"{title}\" has nothing to show: no point is finite{(options.LogY ? " and positive" : "")}.");

        var (x, y) = Axes(curves, options.LogY);
        var frame = Frame(y, options);
        var image = RgbImage.Filled(options.Width, options.Height, White);
        DrawTicks(image, frame, x, y);
        DrawCurves(image, frame, x, y, curves);
        DrawLegendBox(image, frame, curves);
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
    private static PixelArea Frame(PlotAxis y, PlotOptions options)
    {
        var ticks = y.Ticks.Select(tick => BitmapFont.Measure(tick.Label, Dot)).DefaultIfEmpty(0).Max();
        return new PixelArea(ticks + 24, 74, options.Width - 36, options.Height - 62);
    }

    private static (double X, double Y) At(PixelArea frame, PlotAxis x, PlotAxis y, PlotPoint point) =>
        (frame.Left + frame.Width * x.Fraction(point.X), frame.Bottom - frame.Height * y.Fraction(point.Y));

    private static void DrawTicks(RgbImage image, PixelArea frame, PlotAxis x, PlotAxis y)
    {
        foreach (var (value, _) in y.Ticks)
        {
            var at = (int)(frame.Bottom - frame.Height * y.Fraction(value));
            Drawing.Fill(image, new(frame.Left, at, frame.Right, at + 1), Light);
        }
        foreach (var (value, _) in x.Ticks)
        {
            var at = (int)(frame.Left + frame.Width * x.Fraction(value));
            Drawing.Fill(image, new(at, frame.Top, at + 1, frame.Bottom), Light);
            Drawing.Fill(image, new(at, frame.Bottom, at + 1, frame.Bottom + 5), Gray);
        }
        Drawing.Fill(image, new(frame.Left, frame.Bottom, frame.Right, frame.Bottom + 1), Gray);
        Drawing.Fill(image, new(frame.Left, frame.Top, frame.Left + 1, frame.Bottom), Gray);
    }

    private static void DrawCurves(RgbImage image, PixelArea frame, PlotAxis x, PlotAxis y, Curve[] curves)
    {
        const double PointWidth = 3.2, PointOpacity = 0.22, LineWidth = 2.5;
        foreach (var curve in curves)
            foreach (var point in curve.Points)
                Drawing.Stroke(image, [At(frame, x, y, point)], PointWidth, curve.Color, PointOpacity, frame);
        foreach (var curve in curves.Where(curve => curve.Points.Length > 0))
            Drawing.Stroke(image, [.. curve.Smooth.Select(point => At(frame, x, y, point))], LineWidth, curve.Color, 1, frame);
    }

    private static void DrawTexts(RgbImage image, PixelArea frame, PlotAxis x, PlotAxis y, string title, PlotOptions options)
    {
        var capHeight = BitmapFont.CapHeight * Dot;
        Write(image, (options.Width - BitmapFont.Measure(title, Dot)) / 2, 14, title, Dark);
        Write(image, 12, 44, options.LogY ? options.YLabel + " (log scale)" : options.YLabel, Dark);
        Write(
            image,
            (frame.Left + frame.Right) / 2 - BitmapFont.Measure(options.XLabel, Dot) / 2,
            options.Height - 26,
            options.XLabel,
            Dark);
        foreach (var (value, label) in y.Ticks)
            Write(
                image,
                frame.Left - 10 - BitmapFont.Measure(label, Dot),
                (int)(frame.Bottom - frame.Height * y.Fraction(value)) - capHeight / 2,
                label,
                Gray);
        foreach (var (value, label) in x.Ticks)
            Write(
                image,
                (int)(frame.Left + frame.Width * x.Fraction(value)) - BitmapFont.Measure(label, Dot) / 2,
                frame.Bottom + 10,
                label,
                Gray);
    }

    private static void Write(RgbImage image, int x, int y, string text, (byte, byte, byte) color) =>
        BitmapFont.Draw(image, x, y, text, Dot, color);

    // The legend: one line of text for each named curve, in the upper right corner, where falling losses leave room.
    private const int LegendLine = 24, LegendSwatch = 28, LegendMargin = 10;

    private static PixelArea LegendBox(PixelArea frame, Curve[] named)
    {
        var width = named.Max(curve => BitmapFont.Measure(curve.Name, Dot)) + LegendSwatch + 3 * LegendMargin;
        var (right, top) = (frame.Right - LegendMargin, frame.Top + LegendMargin);
        return new PixelArea(right - width, top, right, top + named.Length * LegendLine + LegendMargin);
    }

    private static Curve[] Named(Curve[] curves) => [.. curves.Where(curve => curve.Name.Length > 0)];

    private static void DrawLegendBox(RgbImage image, PixelArea frame, Curve[] curves)
    {
        const double Opacity = 0.86;
        const int SwatchHeight = 4;
        var named = Named(curves);
        if (named.Length == 0) return;
        var box = LegendBox(frame, named);
        Drawing.Fill(image, box, White, Opacity);
        for (var i = 0; i < named.Length; i++)
        {
            var (left, top) = (
                box.Left + LegendMargin,
                box.Top + LegendMargin + i * LegendLine + (BitmapFont.CapHeight * Dot - SwatchHeight) / 2);
            Drawing.Fill(image, new(left, top, left + LegendSwatch, top + SwatchHeight), named[i].Color);
        }
    }

    private static void DrawLegendTexts(RgbImage image, PixelArea frame, Curve[] curves)
    {
        var named = Named(curves);
        if (named.Length == 0) return;
        var box = LegendBox(frame, named);
        for (var i = 0; i < named.Length; i++)
            Write(image, box.Left + 2 * LegendMargin + LegendSwatch, box.Top + LegendMargin + i * LegendLine, named[i].Name, Dark);
    }

    /// <summary>A series ready to draw.</summary>
    private sealed record Curve(string Name, (byte R, byte G, byte B) Color, PlotPoint[] Points, PlotPoint[] Smooth)
    {
        public static Curve Of(PlotSeries series, (byte, byte, byte) color, PlotOptions options)
        {
            PlotPoint[] points = [.. series.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y) && (!options.LogY || p.Y > 0))];
            return new Curve(series.Name, color, points, MovingAverage(points, (int)(options.Smoothing * points.Length / 2)));
        }

        /// <summary>Both ends of the line's values and of the middle 99 % of the points'.</summary>
        public double[] Extremes()
        {
            var sorted = Points.Select(point => point.Y).Order().ToArray();
            var rest = sorted.Length / 200;
            return [sorted[rest], sorted[^(rest + 1)], Smooth.Min(point => point.Y), Smooth.Max(point => point.Y)];
        }
    }

    /// <summary>
    /// Each value replaced by the mean of itself and up to <paramref name="reach"/> neighbors to each side.
    /// </summary>
    /// <remarks>
    /// At the beginning, where losses fall steeply, only as many later neighbors as there are earlier ones: the line
    /// starts at the first value.
    /// </remarks>
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
