namespace Dit.Spec;

/// <summary>What a joint model denoises beside the latents of an image (UniDiffuser, arXiv 2303.06555).</summary>
/// <remarks>
/// Pipeline value: immutable, structural equality. The latents are the model's <see cref="InputSpec"/>.
/// </remarks>
/// <param name="ClipWidth">Width of the CLIP embedding of an image, which is one token.</param>
/// <param name="TextTokens">Length of a text, L.</param>
/// <param name="TextWidth">Width of one embedding of a text.</param>
/// <param name="HasDataType">Whether a token says which kind of data it is.</param>
public sealed record JointSpec(int ClipWidth, int TextTokens, int TextWidth, bool HasDataType)
{
    /// <summary>Kinds of data that a model with that token tells apart.</summary>
    public const int DataTypes = 2;
}
