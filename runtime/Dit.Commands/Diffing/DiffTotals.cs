using System.Globalization;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>A model of the first, its partner in the second, or both; and what is said of its checkpoints.</summary>
internal sealed record DiffRow(string Name, LayoutTotals? From, LayoutTotals? To, Cell Checkpoints);

/// <summary>Numbers before and after, as columns.</summary>
internal static class DiffTotals
{
    /// <summary>How much of a number is shown, from most to least.</summary>
    public enum Form
    {
        /// <summary><c>675,129,632 -> 823,812,064  +22.0 %</c>.</summary>
        Exact,

        /// <summary><c>675.13 M -> 823.81 M  +22.0 %</c>.</summary>
        Short,

        /// <summary><c>823.81 M  +22.0 %</c>: the number after.</summary>
        After,
    }

    /// <summary>One kind of number: what it is called, where it comes from, how it is written.</summary>
    public sealed record Kind(string Header, Func<LayoutTotals, long> Of, Func<long, Form, string> Write, bool IsMemory = false);

    /// <summary>The header of what sampling keeps, which tells a reviewer the least.</summary>
    public const string SamplingMemory = "activations, sampling";

    public static IReadOnlyList<Kind> All { get; } =
    [
        new(
            "parameters",
            static totals => totals.Parameters,
            static (number, form) => form == Form.Exact ? Amount.Whole(number) : Amount.Short(number)),
        new("MACs", static totals => totals.Macs, static (number, _) => Amount.Short(number)),
        new("activations, training", static totals => totals.TrainingMemory, static (number, _) => Amount.Bytes(number), IsMemory: true),
        new(SamplingMemory, static totals => totals.SamplingMemory, static (number, _) => Amount.Bytes(number), IsMemory: true),
    ];

    /// <summary>
    /// The column of a kind, a cell for each pair, all of one layout; null for memory that nothing changes.
    /// </summary>
    public static IReadOnlyList<string>? Column(Kind kind, Form form, IReadOnlyList<(LayoutTotals? From, LayoutTotals? To)> pairs)
    {
        var numbers = pairs
            .Select(pair =>
                (From: pair.From is null ? (long?)null : kind.Of(pair.From), To: pair.To is null ? (long?)null : kind.Of(pair.To)))
            .ToArray();
        if (kind.IsMemory && numbers.All(static n => n.From == n.To)) return null;
        var growth = TextTable.Right(numbers.Select(static n => n is ({ } from, { } to) && from != to ? Percent(from, to) : ""));
        var after = TextTable.Right(
            numbers.Select(n => n.To is { } to && (form == Form.After || n.From != to) ? kind.Write(to, form) : ""));
        if (form == Form.After) return [.. after.Zip(growth, Joined)];
        var before = TextTable.Right(numbers.Select(n => n.From is { } from ? kind.Write(from, form) : ""));
        return
        [
            .. numbers.Select(
                (n, i) => Joined($"{before[i]} {(n is ({ } a, { } b) && a != b ? "->" : "  ")} {after[i]}", growth[i]).TrimEnd()),
        ];
    }

    private static string Joined(string number, string growth) => growth.Length == 0 ? number : $"{number}  {growth}";

    /// <summary><c>+22.0 %</c>; small ones keep a digit that is not zero.</summary>
    public static string Percent(long from, long to)
    {
        var percent = from == 0 ? 0 : 100.0 * (to - from) / from;
        var digits = percent == 0 ? 1 : Math.Clamp((int)Math.Ceiling(-Math.Log10(Math.Abs(percent))), 1, 6);
        var zeros = new string('0', digits);
        return percent.ToString($"+#,0.{zeros};-#,0.{zeros}", CultureInfo.InvariantCulture) + " %";
    }
}
