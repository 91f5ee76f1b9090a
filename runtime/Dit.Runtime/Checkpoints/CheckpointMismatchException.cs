using System.Text;

namespace Dit.Runtime;

/// <summary>A tensor that is in both the file and the model, with different shapes.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Wanted">The model's shape.</param>
/// <param name="Given">The file's shape.</param>
public sealed record ShapeMismatch(string Name, long[] Wanted, long[] Given);

/// <summary>A checkpoint is not of the model that was to be filled: everything that differs, at once.</summary>
public sealed class CheckpointMismatchException : DitException
{
    private const int Shown = 10;

    internal CheckpointMismatchException(
        string path, string modelName, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> misshaped, PositionTable? positions)
        : this(Summarise(path, modelName, missing, unexpected, misshaped, positions), missing, unexpected, misshaped)
    {
    }

    /// <param name="what">What the file is not: <c>'a.pt' is not a checkpoint of DiT-XL/2</c>.</param>
    /// <param name="difference">How it differs.</param>
    internal CheckpointMismatchException(string what, NameDifference difference)
        : this(Count(what, difference.Missing, difference.Unexpected, difference.Misshaped), difference.Missing, difference.Unexpected, difference.Misshaped)
    {
    }

    private CheckpointMismatchException(
        string summary, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> misshaped)
        : base(summary + Lists(missing, unexpected, misshaped))
    {
        Summary = summary;
        Missing = missing;
        Unexpected = unexpected;
        Misshaped = misshaped;
    }

    /// <summary>The first line of the message: how much differs, and why where that is plain.</summary>
    public string Summary { get; }

    /// <summary>What the model has and the file lacks, in the order of the model.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>What the file has and the model lacks, in the order of the file.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>What both have in different shapes, in the order of the model.</summary>
    public IReadOnlyList<ShapeMismatch> Misshaped { get; }

    private static string Summarise(
        string path, string modelName, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> misshaped, PositionTable? positions)
    {
        var counts = Count($"'{path}' is not a checkpoint of {modelName}", missing, unexpected, misshaped);
        return MismatchReason.Guess(missing, unexpected, misshaped, modelName, positions) is { } reason ? $"{counts} {reason}" : counts;
    }

    private static string Count(string what, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> misshaped) =>
        $"{what}: tensors missing {missing.Count}, unexpected {unexpected.Count}, of another shape {misshaped.Count}.";

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
