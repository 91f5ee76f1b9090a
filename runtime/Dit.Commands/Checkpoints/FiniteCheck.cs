using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit inspect --check</c>: reads every tensor of a checkpoint for values that are not finite.</summary>
internal static class FiniteCheck
{
    /// <summary>Reads, one tensor after the other, and reports.</summary>
    /// <param name="context">Where to report.</param>
    /// <param name="file">The checkpoint; it stays the caller's.</param>
    /// <param name="asJson">Whether to write JSON.</param>
    /// <returns>The exit code: 0 when every value that can be read is finite, else 2.</returns>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static int Run(CommandContext context, ICheckpointFile file, bool asJson)
    {
        var found = asJson ? Find(context, file, null) : Progress.Show(context, progress => Find(context, file, progress));
        string[] unread = [.. file.Tensors.Where(static tensor => tensor.Value.Refusal is not null).Select(static tensor => tensor.Key)];
        if (asJson) context.Out.WriteLine(Json.Of(Report(file, found, unread)));
        else Write(context, file, found, unread);
        return found.Count == 0 ? 0 : DitCommand.Mistake;
    }

    private static List<(string Name, NonFinite Values)> Find(
        CommandContext context,
        ICheckpointFile file,
        IProgress<WorkProgress>? progress)
    {
        var found = new List<(string, NonFinite)>();
        var (all, done, read) = (Math.Max(1, file.Tensors.Values.Sum(static info => info.Bytes)), 0L, 0);
        foreach (var (name, info) in file.Tensors)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (info.Refusal is null && file.FindNonFinite(name) is { } values) found.Add((name, values));
            done += info.Bytes;
            progress?.Report(new((double)done / all, $"tensor {++read} of {file.Tensors.Count}"));
        }
        return found;
    }

    private static void Write(CommandContext context, ICheckpointFile file, List<(string Name, NonFinite Values)> found, string[] unread)
    {
        var read = Amount.Of(file.Tensors.Count - unread.Length, "tensor");
        context.Out.WriteLine(found.Count == 0
            ? $"{file.Path}: every value of {read} is finite."
            : $"{file.Path}: of {read}, {Amount.Whole(found.Count)} {(found.Count == 1 ? "has" : "have")} values that are not finite.");
        if (found.Count > 0)
            context.WriteTable(
                [("tensor", false), ("NaN", true), ("+infinity", true), ("-infinity", true), ("first at", false)],
                found.Select(static tensor => (IReadOnlyList<string>)
                [
                    InspectCommand.OneLine(tensor.Name), Amount.Whole(tensor.Values.NaNs), Amount.Whole(tensor.Values.PositiveInfinities),
                    Amount.Whole(tensor.Values.NegativeInfinities), $"[{string.Join(", ", tensor.Values.First)}]",
                ]));
        if (unread.Length > 0)
            context.Out.WriteLine($"Not read: {Amount.Of(unread.Length, "tensor")} of types that are only listed, "
                + $"the first of which is {InspectCommand.OneLine(unread[0])}.");
    }

    private static object Report(ICheckpointFile file, List<(string Name, NonFinite Values)> found, string[] unread) => new
    {
        file.Path,
        Read = file.Tensors.Count - unread.Length,
        NotRead = unread,
        NotFinite = found.Select(static tensor => new
        {
            tensor.Name,
            tensor.Values.NaNs,
            tensor.Values.PositiveInfinities,
            tensor.Values.NegativeInfinities,
            tensor.Values.First,
        }),
    };
}
