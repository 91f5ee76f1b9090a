namespace Dit.Spec;

/// <summary>The difference between two plans.</summary>
/// <param name="Changes">All tensors of both: those of the first in its order, then the new ones.</param>
/// <param name="A">Totals of the first.</param>
/// <param name="B">Totals of the second.</param>
public sealed record LayoutDiff(EquatableArray<ParameterChange> Changes, LayoutTotals A, LayoutTotals B)
{
    /// <summary>Number of tensors in both with the same shape.</summary>
    public int KeptCount => Changes.Count(static change => change is ParameterChange.Kept);

    /// <summary>The other tensors.</summary>
    public IEnumerable<ParameterChange> NotKept => Changes.Where(static change => change is not ParameterChange.Kept);

    /// <summary>How <paramref name="b"/> differs from <paramref name="a"/>.</summary>
    public static LayoutDiff Between(ModelLayout a, ModelLayout b) =>
        new(Compare(a, b).ToEquatableArray(), LayoutTotals.Of(a), LayoutTotals.Of(b));

    private static IEnumerable<ParameterChange> Compare(ModelLayout a, ModelLayout b)
    {
        var (before, after) = (a.Parameters.ToDictionary(static p => p.Name), b.Parameters.ToDictionary(static p => p.Name));
        return a.Parameters.Select(p =>
            after.TryGetValue(p.Name, out var same) ? Compare(p, same) : new ParameterChange.Gone(p.Name, p.Shape))
            .Concat(b.Parameters.Where(p => !before.ContainsKey(p.Name)).Select(static p => new ParameterChange.Appeared(p.Name, p.Shape)));
    }

    private static ParameterChange Compare(ModelParameter a, ModelParameter b) => a.Shape == b.Shape
        ? new ParameterChange.Kept(a.Name, a.Shape)
        : new ParameterChange.Reshaped(a.Name, a.Shape, b.Shape, IsFixed(a) && IsFixed(b));

    private static bool IsFixed(ModelParameter parameter) => parameter.Initialization.IsFixed;
}
