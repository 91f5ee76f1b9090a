using static TorchSharp.torch;

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

    /// <summary>The shapes at another image size.</summary>
    /// <param name="card">The model.</param>
    /// <param name="size">The size in pixels; null for the model's own.</param>
    /// <exception cref="DitException">The model cannot draw such a size.</exception>
    internal JointShape At(ModelCard card, ImageSize? size) => this with { Image = card.At(size).Input };

    /// <summary>The numbers of the image in a state of both, (N, 1, 1, S).</summary>
    internal Tensor ImageOf(Tensor state) => state.narrow(3, 0, OfImage);

    /// <summary>The numbers of the text in a state of both, (N, 1, 1, S).</summary>
    internal Tensor TextOf(Tensor state) => state.narrow(3, OfImage, OfText);

    /// <summary>The latents in a state that begins with an image, (N, C, Y, X).</summary>
    /// <param name="state">(N, 1, 1, S).</param>
    public Tensor LatentsOf(Tensor state) => state.narrow(3, 0, Latents).reshape(Image.Batch(state.shape[0]));

    /// <summary>An image from its numbers.</summary>
    internal JointImage AsImage(Tensor flat) =>
        new(LatentsOf(flat), flat.narrow(3, Latents, ClipWidth).reshape(flat.shape[0], 1, ClipWidth));

    /// <summary>A text from its numbers.</summary>
    internal JointText AsText(Tensor flat) => new(flat.reshape(flat.shape[0], TextTokens, TextWidth));
}
