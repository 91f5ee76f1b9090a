namespace Dit.Spec;

/// <summary>The variance of a diffusion's reverse step, and what a flow's output has in its place.</summary>
public enum Variance
{
    /// <summary>Learned, between the two fixed ones (Improved DDPM, section 3.1).</summary>
    LearnedRange,

    /// <summary>The posterior's.</summary>
    FixedSmall,

    /// <summary>The forward step's.</summary>
    FixedLarge,

    /// <summary>A flow has none.</summary>
    None,

    /// <summary>A flow has none, but its output has twice the channels; the second half is not used.</summary>
    Ignored,
}
