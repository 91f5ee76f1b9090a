using System.Text.RegularExpressions;

namespace Dit.Spec;

/// <summary>Changes that differ only in the number of their block, shown as one line.</summary>
/// <param name="Name">
/// <c>blocks.*.mlp.fc1.weight</c> for all blocks, <c>blocks.24-27</c> for whole blocks, or one tensor's name.
/// </param>
/// <param name="Members">The changes, all of one kind.</param>
/// <param name="IsWholeBlocks">
/// Whether the members are all tensors of some blocks, with various shapes; otherwise they have one shape.
/// </param>
public sealed record ParameterGroup(string Name, EquatableArray<ParameterChange> Members, bool IsWholeBlocks)
{
    // blocks.3.attn.qkv.weight, and in other backbones in_blocks.3.(...)
    private static readonly Regex Block = new(@"^(?<list>[^.]*blocks)\.(?<index>[0-9]{1,6})\.(?<rest>.+)$", RegexOptions.CultureInvariant);

    /// <summary>The tensors of a layout that are not kept, grouped, in the order of their first members.</summary>
    public static IReadOnlyList<ParameterGroup> Of(LayoutDiff diff)
    {
        var all = diff.Changes.Select(static change => new Place(change)).ToArray();
        var whole = all.Where(static p => p.List is not null).GroupBy(static p => (p.List, p.Index))
            .Where(static block =>
                block.All(static p => p.Change is ParameterChange.Gone) || block.All(static p => p.Change is ParameterChange.Appeared))
            .Select(static block => block.Key).ToArray();
        var blocks = all.Where(static p => p.List is not null).GroupBy(static p => p.List).ToDictionary(
            static list => list.Key ?? "", static list => list.Select(static p => p.Index).Distinct().Count());
        return [.. all.Where(static p => p.Change is not ParameterChange.Kept)
            .GroupBy(p =>
                whole.Contains((p.List, p.Index))
                    ? (p.List, "", Like(p.Change, shapes: false))
                    : (p.List, p.Rest, Like(p.Change, shapes: true)))
            .Select(like => Group([.. like], like.Key.Item2.Length == 0, blocks))];
    }

    private static ParameterGroup Group(Place[] members, bool isWholeBlocks, Dictionary<string, int> blocks)
    {
        var (first, changes) = (members[0], members.Select(static p => p.Change).ToEquatableArray());
        if (first.List is null) return new(first.Rest, changes, false);
        int[] indices = [.. members.Select(static p => p.Index).Distinct().OrderBy(static i => i)];
        var numbers = indices.Length == blocks[first.List] && indices.Length > 1 ? "*" : Ranges(indices);
        return new(isWholeBlocks ? $"{first.List}.{numbers}" : $"{first.List}.{numbers}.{first.Rest}", changes, isWholeBlocks);
    }

    /// <summary><c>0-3,8</c>.</summary>
    private static string Ranges(int[] sorted) => string.Join(",", sorted
        .Select(static (number, at) => (number, run: number - at))
        .GroupBy(static x => x.run, static x => x.number)
        .Select(static run => run.Count() == 1 ? $"{run.First()}" : $"{run.First()}-{run.Last()}"));

    private static string Like(ParameterChange change, bool shapes) => change.Match(
        static kept => $"kept {kept.Shape}",
        static reshaped => $"{reshaped.From} {reshaped.To}",
        appeared => shapes ? $"appeared {appeared.Shape}" : "appeared",
        gone => shapes ? $"gone {gone.Shape}" : "gone");

    private sealed record Place(string? List, int Index, string Rest, ParameterChange Change)
    {
        public Place(ParameterChange change) : this(Block.Match(change.Name), change) { }

        private Place(Match match, ParameterChange change) : this(
            match.Success ? match.Groups["list"].Value : null,
            match.Success ? int.Parse(match.Groups["index"].Value, System.Globalization.CultureInfo.InvariantCulture) : -1,
            match.Success ? match.Groups["rest"].Value : change.Name, change)
        { }
    }
}
