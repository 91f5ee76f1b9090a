using System.Globalization;

namespace Dit.Runtime;

/// <summary>One axis of a plot: its range, its scale and its ticks.</summary>
/// <param name="Low">Value at the beginning.</param>
/// <param name="High">Value at the end, above <paramref name="Low"/>.</param>
/// <param name="IsLog">Whether equal ratios, rather than equal differences, are equally far apart.</param>
/// <param name="Ticks">The marked values and what to write at them.</param>
public sealed record PlotAxis(double Low, double High, bool IsLog, IReadOnlyList<(double Value, string Label)> Ticks)
{
    // About this many ticks read well on each axis.
    private const int Wanted = 6;

    /// <summary>Where a value lies, from 0 at the beginning to 1 at the end.</summary>
    /// <param name="value">The value; above 0 on a logarithmic axis.</param>
    public double Fraction(double value) => IsLog
        ? Math.Log(value / Low) / Math.Log(High / Low)
        : (value - Low) / (High - Low);

    /// <summary>A linear axis over a range, widened at both ends by a fraction of its length.</summary>
    /// <param name="low">The least value.</param>
    /// <param name="high">The largest value.</param>
    /// <param name="widen">The fraction, 0 or more.</param>
    public static PlotAxis Linear(double low, double high, double widen)
    {
        // A constant still needs an axis with two ends.
        if (high - low <= 1e-12 * Math.Max(Math.Abs(low), Math.Abs(high)))
        {
            var around = low == 0 ? 1 : Math.Abs(low) * 0.1;
            (low, high) = (low - around, high + around);
        }
        var margin = widen * (high - low);
        return new PlotAxis(low - margin, high + margin, false, LinearTicks(low - margin, high + margin));
    }

    /// <summary>A logarithmic axis over a range of positive values.</summary>
    /// <param name="low">The least value, above 0.</param>
    /// <param name="high">The largest value.</param>
    /// <param name="widen">How far it is widened at both ends, as a fraction of its length; 0 or more.</param>
    public static PlotAxis Logarithmic(double low, double high, double widen)
    {
        if (high / low < 1.0001) (low, high) = (low / 1.1, high * 1.1);
        var margin = Math.Pow(high / low, widen);
        (low, high) = (low / margin, high * margin);
        var ticks = LogTicks(low, high);
        return new PlotAxis(low, high, true, ticks.Count >= 3 ? ticks : LinearTicks(low, high));
    }

    private static IReadOnlyList<(double, string)> LinearTicks(double low, double high)
    {
        var rough = (high - low) / Wanted;
        var magnitude = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = magnitude * (rough / magnitude) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        var (first, last) = ((long)Math.Ceiling(low / step), (long)Math.Floor(high / step));
        var (unit, suffix) = Math.Max(Math.Abs(low), Math.Abs(high)) switch
        {
            >= 1e10 => (1.0, ""), // Written as powers of ten.
            >= 1e7 => (1e6, "M"),
            >= 1e4 => (1e3, "k"),
            _ => (1.0, ""),
        };
        var decimals = Math.Max(0, (int)-Math.Floor(Math.Log10(step / unit) + 1e-9));
        return [.. Range(first, last).Select(k => (k * step, Label(k * step / unit, decimals) + (k == 0 ? "" : suffix)))];
    }

    /// <summary>Powers of ten, with 2 and 5 times each when few decades are shown.</summary>
    private static IReadOnlyList<(double, string)> LogTicks(double low, double high)
    {
        var (first, last) = ((long)Math.Floor(Math.Log10(low)), (long)Math.Ceiling(Math.Log10(high)));
        var decades = Math.Log10(high / low);
        double[] multiples = decades > 3 ? [1] : [1, 2, 5];
        var stride = Math.Max(1, (int)Math.Ceiling(decades / 8));
        return [.. Range(first, last)
            .Where(k => k % stride == 0)
            .SelectMany(k => multiples.Select(m => m * Math.Pow(10, k)))
            .Where(value => value >= low && value <= high)
            .Select(value => (value, Short(value)))];
    }

    private static IEnumerable<long> Range(long first, long last)
    {
        for (var k = first; k <= last; k++) yield return k;
    }

    private static string Label(double value, int decimals) =>
        decimals > 5 || Math.Abs(value) >= 1e6 ? Short(value) : value.ToString("F" + decimals, CultureInfo.InvariantCulture);

    private static string Short(double value) => Math.Abs(value) is 0 or (>= 1e-4 and < 1e5)
        ? value.ToString("0.######", CultureInfo.InvariantCulture)
        : value.ToString("0.###e+0", CultureInfo.InvariantCulture);
}
