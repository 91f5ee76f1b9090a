using System.Globalization;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">Its points, in the order of X.</param>
internal sealed record ChartLine(string Name, IReadOnlyList<PlotPoint> Points);

/// <summary>
/// Draws curves over the steps of a run as SVG: a line of medians, and around it where most values are.
/// </summary>
internal static class ReportChart
{
    private const int Width = 640, Height = 250, Left = 58, Right = 12, Top = 10, Bottom = 26;

    /// <summary>Points of a line; of more steps, some make a point together.</summary>
    public const int MostBuckets = 160;

    private const int Colors = 8;
    private const double Low = 0.1, High = 0.9; // quantiles of the band

    /// <summary>A chart; nothing where no line has two points.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="lines">The lines.</param>
    /// <param name="isLog">Whether the axis of values is logarithmic; values that are not positive are then left
    /// out.</param>
    public static Html Of(string title, IReadOnlyList<ChartLine> lines, bool isLog)
    {
        (string Name, Bucket[] Buckets)[] drawn =
        [
            .. lines
                .Select(line => (line.Name, Buckets: Buckets([.. line.Points.Where(point => IsShown(point.Y, isLog))])))
                .Where(static line => line.Buckets.Length > 1),
        ];
        if (drawn.Length == 0) return Html.None;
        var all = drawn.SelectMany(static line => line.Buckets).ToArray();
        var x = PlotAxis.Linear(all.Min(static b => b.X), all.Max(static b => b.X), widen: 0);
        var (low, high) = (all.Min(static b => b.Low), all.Max(static b => b.High));
        var y = isLog ? PlotAxis.Logarithmic(low, high, widen: 0.04) : PlotAxis.Linear(low, high, widen: 0.04);
        string[] names = [.. drawn.Select(static line => line.Name)];
        return Html.Of($"""
            <figure class="chart">
            <figcaption>{title}</figcaption>
            <svg viewBox="0 0 {Width} {Height}" role="img" aria-label="{title} by step">
            {Html.Lines(y.Ticks.Select(tick => YTick(y, tick)))}
            {Html.Lines(x.Ticks.Select(tick => XTick(x, tick)))}
            {Html.Lines(drawn.Select((line, i) => Curve(line.Buckets, x, y, i, withBand: drawn.Length == 1)))}
            </svg>
            {(names.Length == 1 ? Html.None : Legend(names))}
            </figure>
            """);
    }

    private static bool IsShown(double value, bool isLog) => double.IsFinite(value) && (!isLog || value > 0);

    private static Html YTick(PlotAxis axis, (double Value, string Label) tick)
    {
        var at = Y(axis, tick.Value);
        return Html.Of(
            $"""<path class="grid" d="M{Left} {at}H{Width - Right}"/><text x="{Left - 6}" y="{at}" dy="4" text-anchor="end">{tick.Label}</text>""");
    }

    private static Html XTick(PlotAxis axis, (double Value, string Label) tick) => Html.Of(
        $"""<text x="{X(axis, tick.Value)}" y="{Height - 8}" text-anchor="middle">{tick.Label}</text>""");

    private static Html Legend(string[] names)
    {
        var entries = names.Select(static (name, i) => Html.Of($"""<span class="c{i % Colors}">{name}</span>"""));
        return Html.Of($"""<p class="legend">{Html.Lines(entries)}</p>""");
    }

    private static Html Curve(Bucket[] buckets, PlotAxis x, PlotAxis y, int color, bool withBand)
    {
        var around = buckets.Select(b => Point(b.X, b.High)).Concat(buckets.Reverse().Select(b => Point(b.X, b.Low)));
        var band = withBand ? Html.Of($"""<path class="band" d="M{string.Join('L', around)}Z"/>""") : Html.None;
        var line = string.Join('L', buckets.Select(b => Point(b.X, b.Middle)));
        return Html.Of($"""<g class="c{color % Colors}">{band}<path class="line" d="M{line}"/></g>""");

        string Point(double step, double value) => $"{X(x, step)} {Y(y, value)}";
    }

    private static string X(PlotAxis axis, double value) => Text(Left + axis.Fraction(value) * (Width - Left - Right));

    private static string Y(PlotAxis axis, double value) => Text(Height - Bottom - axis.Fraction(value) * (Height - Top - Bottom));

    private static string Text(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    // Equal numbers of points, in order; a few of them each, or one.
    private static Bucket[] Buckets(PlotPoint[] points)
    {
        var size = (points.Length + MostBuckets - 1) / MostBuckets;
        return [.. points.Chunk(Math.Max(1, size)).Select(static chunk =>
        {
            double[] sorted = [.. chunk.Select(static point => point.Y).Order()];
            return new Bucket(chunk.Average(static point => point.X), At(Low), At(0.5), At(High));

            double At(double quantile) => sorted[(int)Math.Round(quantile * (sorted.Length - 1))];
        })];
    }

    private readonly record struct Bucket(double X, double Low, double Middle, double High);
}
