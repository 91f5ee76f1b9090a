using System.Globalization;
using System.Text.RegularExpressions;

namespace Dit.Runtime;

/// <summary>
/// Says why a checkpoint does not fit. A reason is given only where it explains every tensor that differs.
/// </summary>
internal static partial class MismatchReason
{
    private const string PositionTableName = "pos_embed";
    private const string LabelTable = "y_embedder.embedding_table.weight";

    // The tensors whose shapes follow the size of a patch.
    private static readonly string[] OfPatches =
        [PositionTableName, "x_embedder.proj.weight", "final_layer.linear.weight", "final_layer.linear.bias"];

    // What the names of diffusers' model begin with.
    private static readonly string[] OfDiffusers =
        ["transformer_blocks.", "pos_embed.proj.", "proj_out_1.", "proj_out_2.", "norm_out.", "adaln_single.", "caption_projection."];

    /// <summary>A sentence, or null when nothing explains it all.</summary>
    /// <param name="difference">What differs.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="given">The names in the file.</param>
    /// <param name="modelName">The model's name.</param>
    /// <param name="positions">The model's position table, where it has a fixed one.</param>
    public static string? Guess(
        NameDifference difference, IReadOnlyList<CheckpointEntry> map, IReadOnlyCollection<string> given, string modelName,
            PositionTable? positions)
    {
        if (LoraFile.AreIn(given))
            return "The file holds adapters (LoRA) and no weights of a model: load the weights that they were trained for, and then the "
                + "adapters with Lora.Load, or --lora on the command line.";
        var (missing, unexpected) = (difference.Missing, difference.Unexpected);
        // Rotary positions follow the grid as the position table does.
        IReadOnlyList<ShapeMismatch> misshaped = [.. difference.Misshaped.Where(static other => !RotaryPositions.IsBuffer(other.Name))];
        if (missing.Count + unexpected.Count + misshaped.Count == 0)
            return "The file likely has another number of heads: its rotary positions are of another head width.";
        if (misshaped.Count == 0 && missing.Count > 0 && unexpected.Count > 0)
            return OtherNaming(unexpected) ?? PickledModule(unexpected);
        var depth = missing.Count + unexpected.Count == 0 ? "" : OtherDepth(difference, map, given);
        if (depth is null)
            return null;
        return misshaped.Count == 0 ? $"The file is likely of another size: it {depth}."
            : OtherWidth(misshaped, depth)
            ?? (depth.Length > 0 ? null
                : OtherPatch(misshaped)
                ?? OtherGrid(misshaped, modelName, positions)
                ?? OnlyOne(misshaped, PositionTableName, "The file is likely of another image size.")
                ?? OnlyOne(misshaped, LabelTable, "The file likely has another number of classes."));
    }

    private static string? OtherNaming(IReadOnlyList<string> unexpected) =>
        unexpected.Any(static name => name.StartsWith(OfDiffusers[0], StringComparison.Ordinal))
        && unexpected.All(static name => OfDiffusers.Any(start => name.StartsWith(start, StringComparison.Ordinal)))
            ? "The names are those of diffusers; the names of the official code are wanted."
            : null;

    private static string? PickledModule(IReadOnlyList<string> unexpected) =>
        unexpected.All(static name =>
            name.Contains("_parameters.", StringComparison.Ordinal) || name.Contains("_buffers.", StringComparison.Ordinal))
            ? "The file is a pickled module: save model.state_dict() instead."
            : null;

    // Whole blocks at the end, too many or too few, and nothing else.
    private static string? OtherDepth(NameDifference difference, IReadOnlyList<CheckpointEntry> map, IReadOnlyCollection<string> given)
    {
        var (wanted, found) = (Blocks(map.Select(static entry => entry.Name)), Blocks(given));
        if (wanted.Count == 0 || found.Count == 0 || found.Keys.Max() != found.Count - 1 || found.Count == wanted.Count)
            return null;
        var differing = difference.Missing.Concat(difference.Unexpected).ToArray();
        var first = Math.Min(wanted.Count, found.Count);
        var isAtEnd = differing.All(name => Block().Match(name) is { Success: true } block && Number(block) >= first);
        var isWhole = Enumerable.Range(first, Math.Max(wanted.Count, found.Count) - first)
            .All(i => (found.Count > wanted.Count ? found : wanted)[i].SetEquals(wanted[0])
                && (found.Count > wanted.Count || !found.ContainsKey(i)));
        return !isAtEnd || !isWhole ? null
            : found.Count < wanted.Count ? $"ends before block {found.Count}" : $"goes on to block {found.Count - 1}";
    }

    // The position table ends in the width; every other size is a multiple of it or has nothing to do with it.
    private static string? OtherWidth(IReadOnlyList<ShapeMismatch> misshaped, string depth)
    {
        var table = misshaped.FirstOrDefault(static m => m.Name == PositionTableName);
        if (table is not { Wanted: [.., > 0 and var wanted], Given: [.., > 0 and var given] } || wanted == given)
            return null;
        return misshaped.All(m => m.Wanted.Length == m.Given.Length && m.Wanted.Zip(m.Given).All(side =>
            side.First == side.Second || (side.First % wanted == 0 && side.Second == side.First / wanted * given)))
            ? $"The file is likely of another size: its width is {given}, the model's "
                + $"{wanted}{(depth.Length > 0 ? $", and it {depth}" : "")}."
            : null;
    }

    private static string? OtherPatch(IReadOnlyList<ShapeMismatch> misshaped)
    {
        var embedder = misshaped.FirstOrDefault(static m => m.Name == OfPatches[1]);
        return embedder is { Wanted: [_, _, _, var wanted], Given: [_, _, _, > 0 and var given] } && wanted != given
            && misshaped.All(static m => OfPatches.Contains(m.Name))
            && misshaped.Where(static m => m.Name.StartsWith("final_layer.", StringComparison.Ordinal))
                .All(m => m.Wanted.Length > 0 && m.Given.Length > 0 && m.Wanted[0] * given * given == m.Given[0] * wanted * wanted)
            ? $"The file likely has another patch size: {given}, the model's is {wanted}."
            : null;
    }

    // Nothing else differs, so loading it is a matter of asking.
    private static string? OtherGrid(IReadOnlyList<ShapeMismatch> misshaped, string modelName, PositionTable? positions) =>
        misshaped is [{ Given: [1, var given, _] } only] && only.Name == positions?.Name
            ? $"It was made for another grid of patches: it holds {given} positions, and {modelName} has {positions.Rows} x "
                + $"{positions.Columns}. "
                + "To load it with the positions computed anew, pass grid: CheckpointGrid.Recompute(...), or --recompute-positions on "
                    + "the command line."
            : null;

    private static string? OnlyOne(IReadOnlyList<ShapeMismatch> misshaped, string name, string reason) =>
        misshaped is [var only] && only.Name == name ? reason : null;

    private static Dictionary<int, HashSet<string>> Blocks(IEnumerable<string> names) => names
        .Select(static name => Block().Match(name)).Where(static match => match.Success)
        .GroupBy(Number, static match => match.Groups[2].Value).ToDictionary(static block => block.Key, static block => block.ToHashSet());

    private static int Number(Match block) => int.Parse(block.Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^blocks\.([0-9]{1,6})\.(.+)$")]
    private static partial Regex Block();
}
