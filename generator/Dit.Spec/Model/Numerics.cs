namespace Dit.Spec;

/// <summary>Whose arithmetic a model follows where implementations of one architecture differ.</summary>
public enum Numerics
{
    /// <summary>The official code's (facebookresearch/DiT).</summary>
    Official,

    /// <summary>
    /// That of <c>DiTTransformer2DModel</c> of diffusers: its time features take 127 equal steps, where the official
    /// code's take 128, and the norm before the MLP has eps 1e-5, not 1e-6.
    /// </summary>
    Diffusers,
}
