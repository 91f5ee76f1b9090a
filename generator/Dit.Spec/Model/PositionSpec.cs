namespace Dit.Spec;

/// <summary>How the fixed position table measures the places of patches.</summary>
/// <remarks>
/// Patch i of n along an axis is at i / (n / base) / scale: a model that was trained at one size sees the same range of
/// positions at a larger one (PixArt-alpha, arXiv 2310.00426, appendix A).
/// </remarks>
/// <param name="Scale">Divides every position.</param>
/// <param name="Base">
/// Patches along an axis of the grid that a position of 1 stands for one patch of; null for the model's own grid, whose
/// positions are counted.
/// </param>
public sealed record PositionSpec(double Scale, int? Base)
{
    /// <summary>Patches are counted.</summary>
    public static PositionSpec Default { get; } = new(1, null);

    /// <summary>Its part of the model's hash; nothing where patches are counted.</summary>
    internal string Canonical => this == Default ? "" : FormattableString.Invariant($"\npositions {Scale:R} {Base}");
}
