namespace Dit.Spec;

/// <summary>How one plan differs from another.</summary>
/// <param name="Changes">Every tensor of either: those of the first in its order, then those that appeared.</param>
/// <param name="A">What the first adds up to.</param>
/// <param name="B">What the second adds up to.</param>
public sealed record PlanDiff(EquatableArray<ParameterChange> Changes, PlanTotals A, PlanTotals B)
{
    /// <summary>How many tensors are in both with one shape.</summary>
    public int KeptCount => Changes.Count(static change => change is ParameterChange.Kept);

    /// <summary>The tensors that are not in both with one shape.</summary>
    public IEnumerable<ParameterChange> NotKept => Changes.Where(static change => change is not ParameterChange.Kept);

    /// <summary>How <paramref name="b"/> differs from <paramref name="a"/>.</summary>
    public static PlanDiff Between(ModelLayout a, ModelLayout b) => new(Compare(a, b).ToEquatableArray(), PlanTotals.Of(a), PlanTotals.Of(b));

    private static IEnumerable<ParameterChange> Compare(ModelLayout a, ModelLayout b)
    {
        var (before, after) = (a.Parameters.ToDictionary(static p => p.Name), b.Parameters.ToDictionary(static p => p.Name));
        return a.Parameters.Select(p => after.TryGetValue(p.Name, out var same) ? Compare(p, same) : new ParameterChange.Gone(p.Name, p.Shape))
            .Concat(b.Parameters.Where(p => !before.ContainsKey(p.Name)).Select(static p => new ParameterChange.Appeared(p.Name, p.Shape)));
    }

    private static ParameterChange Compare(ModelParameter a, ModelParameter b) => a.Shape == b.Shape
        ? new ParameterChange.Kept(a.Name, a.Shape)
        : new ParameterChange.Reshaped(a.Name, a.Shape, b.Shape, IsFixed(a) && IsFixed(b));

    private static bool IsFixed(ModelParameter parameter) => parameter.Initialization is Initialization.SinCosTable;
}
