using System.Text.RegularExpressions;

namespace Dit.Runtime;

/// <summary>Says why a checkpoint does not fit, where the names and shapes tell.</summary>
internal static partial class MismatchReason
{
    private const string PositionTableName = "pos_embed";
    private const string LabelTable = "y_embedder.embedding_table.weight";

    /// <summary>A sentence, or null when nothing is obvious.</summary>
    public static string? Guess(
        IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> misshaped, string modelName, PositionTable? positions) =>
        OtherNaming(unexpected)
        ?? Wrapped(missing, unexpected)
        ?? OtherWidth(misshaped)
        ?? OtherDepth(missing, unexpected)
        ?? OtherPatch(misshaped)
        ?? (missing.Count + unexpected.Count == 0 ? OtherGrid(misshaped, modelName, positions) : null)
        ?? OnlyOne(misshaped, PositionTableName, "The file is likely of another image size.")
        ?? OnlyOne(misshaped, LabelTable, "The file likely has another number of classes.");

    private static string? OtherNaming(IReadOnlyList<string> unexpected) =>
        unexpected.Any(static name => name.StartsWith("transformer_blocks.", StringComparison.Ordinal))
            ? "The names are those of diffusers; the names of the official code are wanted."
            : null;

    // All names shifted by one folder, as nn.DataParallel ("module.") and torch.compile ("_orig_mod.") do.
    private static string? Wrapped(IReadOnlyList<string> missing, IReadOnlyList<string> unexpected)
    {
        if (missing.Count == 0 || unexpected.Count == 0 || unexpected[0].IndexOf('.') is var dot && dot < 0)
            return null;
        var prefix = unexpected[0][..(dot + 1)];
        return unexpected.All(name => name.StartsWith(prefix, StringComparison.Ordinal))
            && missing.All(unexpected.Select(name => name[prefix.Length..]).ToHashSet(StringComparer.Ordinal).Contains)
            ? $"The unexpected names all begin with '{Printable.Of(prefix)}'; save the inner module's state dict."
            : null;
    }

    // The position table and every final or hidden bias end in the width.
    private static string? OtherWidth(IReadOnlyList<ShapeMismatch> misshaped)
    {
        var table = misshaped.FirstOrDefault(static m => m.Name == PositionTableName);
        return table is { Wanted: [.., var wanted], Given: [.., var given] } && wanted != given
            ? $"The file is likely of another size: its width is {given}, the model's {wanted}."
            : null;
    }

    private static string? OtherDepth(IReadOnlyList<string> missing, IReadOnlyList<string> unexpected)
    {
        if (missing.Count > 0 && missing.All(static name => Block().IsMatch(name)) && unexpected.Count == 0)
            return $"The file is likely of another size: it ends before block {missing.Min(BlockNumber)}.";
        if (unexpected.Count > 0 && unexpected.All(static name => Block().IsMatch(name)) && missing.Count == 0)
            return $"The file is likely of another size: it goes on to block {unexpected.Max(BlockNumber)}.";
        return null;
    }

    private static string? OtherPatch(IReadOnlyList<ShapeMismatch> misshaped)
    {
        var embedder = misshaped.FirstOrDefault(static m => m.Name.EndsWith("embedder.proj.weight", StringComparison.Ordinal)
            || m.Name.EndsWith("patch_embed.proj.weight", StringComparison.Ordinal));
        return embedder is { Wanted: [_, _, _, var wanted], Given: [_, _, _, var given] } && wanted != given
            ? $"The file likely has another patch size: {given}, the model's is {wanted}."
            : null;
    }

    // Nothing else differs, so loading it is a matter of asking.
    private static string? OtherGrid(IReadOnlyList<ShapeMismatch> misshaped, string modelName, PositionTable? positions) =>
        misshaped is [{ Given: [1, var given, _] } only] && only.Name == positions?.Name
            ? $"It was made for another grid of patches: it holds {given} positions, and {modelName} has {positions.Rows} x {positions.Columns}. "
                + "To load it with the positions computed anew, pass grid: CheckpointGrid.Recompute(...), or --recompute-positions on the command line."
            : null;

    private static string? OnlyOne(IReadOnlyList<ShapeMismatch> misshaped, string name, string reason) =>
        misshaped is [var only] && only.Name == name ? reason : null;

    private static int BlockNumber(string name) => int.Parse(Block().Match(name).Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^blocks\.([0-9]{1,6})\.")]
    private static partial Regex Block();
}
