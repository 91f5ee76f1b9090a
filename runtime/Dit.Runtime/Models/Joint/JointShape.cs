namespace Dit.Runtime;

/// <summary>The shapes of what a joint model denoises, without the batch.</summary>
/// <param name="Image">Latents of an image, (C, Y, X).</param>
/// <param name="ClipWidth">Width of the CLIP embedding of an image, which is one token.</param>
/// <param name="TextTokens">Length of a text, L.</param>
/// <param name="TextWidth">Width of one embedding of a text, W.</param>
/// <param name="DataTypes">Kinds of data that it tells apart; 0 where it has no token for them.</param>
public sealed record JointShape(ImageShape Image, int ClipWidth, int TextTokens, int TextWidth, int DataTypes)
{
    /// <summary>Numbers of the latents of an image.</summary>
    internal int Latents => Image.Channels * Image.Height * Image.Width;

    /// <summary>Numbers of an image: its latents and its CLIP embedding.</summary>
    internal int OfImage => Latents + ClipWidth;

    /// <summary>Numbers of a text.</summary>
    internal int OfText => TextTokens * TextWidth;
}
