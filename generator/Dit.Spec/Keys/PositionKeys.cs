namespace Dit.Spec;

/// <summary>The keys below <c>positions</c>. Without them the patches are counted.</summary>
internal static class PositionKeys
{
    public static NumberKey Scale { get; } = new("scale", 0.01, 100, 1, "Divides every position", "2");

    public static IntKey Base { get; } = new(
        "base", 1, 16384, null,
        "Patches along an axis of the grid whose positions are counted; a larger or smaller grid covers the same range. "
            + "By default the model's own grid",
        "64")
    { IsOfSomeCases = true };

    /// <summary>All of them, in the order of a spec.</summary>
    public static IReadOnlyList<SpecKey> All { get; } = [Scale, Base];
}
