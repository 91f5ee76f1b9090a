namespace Dit.Runtime;

/// <summary>What a guidance scale counts from; papers differ in it.</summary>
public enum GuidanceConvention
{
    /// <summary><c>unconditional + scale (conditional - unconditional)</c>, as DiT (arXiv 2212.09748, section 3.1) and
    /// most other code: 1 is no guidance.</summary>
    Dit,

    /// <summary><c>conditional + scale (conditional - unconditional)</c>, as Ho and Salimans (arXiv 2207.12598), U-ViT
    /// (arXiv 2209.12152) and UniDiffuser: 0 is no guidance.</summary>
    UVit,
}
