using System.Text;

namespace Dit.Checkpoints;

/// <summary>A tensor that is in both the file and the model, with different shapes.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Wanted">The model's shape.</param>
/// <param name="Given">The file's shape.</param>
public sealed record ShapeMismatch(string Name, long[] Wanted, long[] Given);

/// <summary>A checkpoint is not of the model that was to be filled: everything that differs, at once.</summary>
public sealed class CheckpointMismatchException : DitException
{
    private const int Shown = 10;
    private const int FewNames = 3;
    private const int LongestName = 80; // in one line, where names of any length may come

    /// <param name="what">What the file is not: <c>'a.pt' is not a checkpoint of DiT-XL/2</c>.</param>
    /// <param name="difference">How it differs.</param>
    /// <param name="reason">Why, as a sentence, where that is plain.</param>
    internal CheckpointMismatchException(string what, NameDifference difference, string? reason = null)
        : base(Count(what, difference, named: false) + Sentence(reason)
            + Lists(difference.Missing, difference.Unexpected, difference.Misshaped))
    {
        Summary = Count(what, difference, named: false) + Sentence(reason);
        SummaryWithNames = Count(what, difference, named: true) + Sentence(reason);
        Missing = difference.Missing;
        Unexpected = difference.Unexpected;
        Misshaped = difference.Misshaped;
    }

    /// <summary>The first line of the message: how much differs, and why where that is plain.</summary>
    public string Summary { get; }

    /// <summary>The same with the first few names, for a program that shows one line.</summary>
    public string SummaryWithNames { get; }

    /// <summary>What the model has and the file lacks, in the order of the model.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>What the file has and the model lacks, in the order of the file.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>What both have in different shapes, in the order of the model.</summary>
    public IReadOnlyList<ShapeMismatch> Misshaped { get; }

    private static string Count(string what, NameDifference difference, bool named)
    {
        string Of(IReadOnlyList<string> names) => !named || names.Count == 0
            ? $"{names.Count}"
            : $"{names.Count} ({Printable.Some(names.Select(Shortened), FewNames)})";
        return $"{what}: tensors missing {Of(difference.Missing)}, unexpected {Of(difference.Unexpected)}, "
            + $"of another shape {Of([.. difference.Misshaped.Select(static m => m.Name)])}.";
    }

    private static string Shortened(string name) => name.Length <= LongestName ? name : name[..LongestName] + "...";

    private static string Sentence(string? reason) => reason is null ? "" : $" {reason}";

    private static string Lists(IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> misshaped)
    {
        var text = new StringBuilder();
        List(text, "missing", missing);
        List(text, "unexpected", [.. unexpected.Select(Printable.Of)]);
        List(text, "of another shape", [.. misshaped.Select(static m =>
            $"{m.Name} (wanted {TensorInfo.ShapeText(m.Wanted)}, given {TensorInfo.ShapeText(m.Given)})")]);
        return text.ToString();
    }

    private static void List(StringBuilder text, string title, IReadOnlyList<string> items)
    {
        if (items.Count == 0)
            return;
        text.Append('\n').Append("  ").Append(title).Append(": ").AppendJoin(", ", items.Take(Shown));
        if (items.Count > Shown)
            text.Append($" and {items.Count - Shown} more");
    }
}
