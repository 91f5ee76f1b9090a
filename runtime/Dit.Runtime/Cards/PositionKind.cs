namespace Dit.Runtime;

/// <summary>What tells a model the places of patches, and so what becomes of it at another image size.</summary>
public enum PositionKind
{
    /// <summary>Nothing that is known here: the model takes its own size only.</summary>
    Unknown,

    /// <summary>
    /// A fixed table of sines and cosines, which is computed for another grid (DiT, arXiv 2212.09748).
    /// </summary>
    SinCos,

    /// <summary>
    /// A learned table, which is interpolated to another grid bilinearly (UniDiffuser, arXiv 2303.06555).
    /// </summary>
    Learned,
}
