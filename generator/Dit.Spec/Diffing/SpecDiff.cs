namespace Dit.Spec;

/// <summary>The difference between two sets of models.</summary>
/// <param name="Models">The models in both, in the order of the first.</param>
/// <param name="Added">Models in the second only.</param>
/// <param name="Removed">Models in the first only.</param>
public sealed record SpecDiff(EquatableArray<ModelDiff> Models, EquatableArray<ModelSpec> Added, EquatableArray<ModelSpec> Removed)
{
    /// <summary>Whether anything differs.</summary>
    public bool Differs => Added.Count > 0 || Removed.Count > 0 || Models.Any(static m => m.Differs);

    /// <summary>How <paramref name="b"/> differs from <paramref name="a"/>.</summary>
    /// <remarks>
    /// Models are matched by class name. An unmatched model counts as renamed if each side has a single model, or if
    /// exactly one model of the other side is equal except for the name.
    /// </remarks>
    public static SpecDiff Between(IReadOnlyList<ModelSpec> a, IReadOnlyList<ModelSpec> b)
    {
        var pairs = Pairs(a, b);
        var (left, right) = (new HashSet<ModelSpec>(pairs.Select(static p => p.A)), new HashSet<ModelSpec>(pairs.Select(static p => p.B)));
        return new(
            pairs.Select(static p => ModelDiff.Between(p.A, p.B)).ToEquatableArray(),
            b.Where(m => !right.Contains(m)).ToEquatableArray(),
            a.Where(m => !left.Contains(m)).ToEquatableArray());
    }

    private static IReadOnlyList<(ModelSpec A, ModelSpec B)> Pairs(IReadOnlyList<ModelSpec> a, IReadOnlyList<ModelSpec> b)
    {
        if (a.Count == 1 && b.Count == 1) return [(a[0], b[0])];
        var (before, after) = (a.ToLookup(static m => m.ClassName), b.ToLookup(static m => m.ClassName));
        var old = a.Where(m => !after.Contains(m.ClassName)).ToLookup(static m => m with { Name = "" });
        var fresh = b.Where(m => !before.Contains(m.ClassName)).ToLookup(static m => m with { Name = "" });
        return [.. a.SelectMany(
            m => after.Contains(m.ClassName) ? after[m.ClassName].Take(1) : Renamed(m with { Name = "" }),
            static (m, partner) => (m, partner))];

        IEnumerable<ModelSpec> Renamed(ModelSpec nameless) =>
            old[nameless].Count() == 1 && fresh[nameless].Count() == 1 ? fresh[nameless] : [];
    }
}
