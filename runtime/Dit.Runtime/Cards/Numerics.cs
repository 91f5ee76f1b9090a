namespace Dit.Runtime;

/// <summary>
/// Whose arithmetic a model follows where implementations of one architecture differ. Names and shapes of tensors do
/// not depend on it.
/// </summary>
public enum Numerics
{
    /// <summary>The official code's (facebookresearch/DiT): what published figures are made with.</summary>
    Official,

    /// <summary>
    /// That of <c>DiTTransformer2DModel</c> of diffusers: its time features take 127 equal steps where the official
    /// code's take 128 (<see cref="TimestepEmbedder.Sinusoid"/>), and the norm before the MLP has eps 1e-5 and not
    /// 1e-6.
    /// </summary>
    Diffusers,
}
