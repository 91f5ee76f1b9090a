namespace Dit.Spec;

/// <summary>The variance of the reverse step.</summary>
public enum Variance
{
    /// <summary>Learned, between the two fixed ones (Improved DDPM, section 3.1).</summary>
    LearnedRange,

    /// <summary>The posterior's.</summary>
    FixedSmall,

    /// <summary>The forward step's.</summary>
    FixedLarge,
}
