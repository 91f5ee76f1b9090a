using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Images as a joint model sees them: latents, and what CLIP says of the same images.</summary>
/// <remarks>
/// An autoencoder makes the latents, and CLIP's image encoder the embeddings; neither is part of the model. Owns its
/// tensors.
/// </remarks>
/// <param name="Latents">(N, C, Y, X), real numbers.</param>
/// <param name="Clip">CLIP embeddings of the images, (N, 1, W), real numbers.</param>
public sealed record JointImage(Tensor Latents, Tensor Clip) : IDisposable
{
    /// <summary>N.</summary>
    public int Count => (int)Latents.shape[0];

    /// <inheritdoc/>
    public void Dispose()
    {
        Latents.Dispose();
        Clip.Dispose();
    }
}

/// <summary>Texts as a joint model sees them: a sequence of embeddings each.</summary>
/// <remarks>
/// UniDiffuser takes the tokens of CLIP's text encoder, reduced to fewer numbers by layers that are not part of the
/// model (arXiv 2303.06555, section 4.1). Owns its tensor.
/// </remarks>
/// <param name="Tokens">(N, L, W), real numbers.</param>
public sealed record JointText(Tensor Tokens) : IDisposable
{
    /// <summary>N.</summary>
    public int Count => (int)Tokens.shape[0];

    /// <inheritdoc/>
    public void Dispose() => Tokens.Dispose();
}

/// <summary>An image and a text for each sample.</summary>
/// <param name="Image">The images.</param>
/// <param name="Text">The texts.</param>
public sealed record JointPair(JointImage Image, JointText Text) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Image.Dispose();
        Text.Dispose();
    }
}

/// <summary>What a joint sampler can be given beside the model, its input, guidance and seed. Immutable.</summary>
public sealed record JointOptions
{
    /// <summary>
    /// Receives a report after each step, on the thread that samples; a variation is drawn in two runs.
    /// </summary>
    public IProgress<SamplingProgress>? Progress { get; init; }

    /// <summary>Checked before each step; a canceled run throws <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>
    /// Shown the state after each step. It holds the numbers of what is drawn, (N, 1, 1, S): the latents and the CLIP
    /// embedding of an image, then the text, as far as they are drawn.
    /// </summary>
    public Action<SamplingState>? Observe { get; init; }

    /// <summary>
    /// The size of the images in pixels, of those that are drawn and of those that are known; by default the one that
    /// the model was trained for. The learned positions are interpolated for another size.
    /// </summary>
    public ImageSize? Size { get; init; }

    /// <summary>Index of the first sample in a larger run: sample i of a seed is the same in whatever batch it is
    /// drawn.</summary>
    public long FirstIndex { get; init; }

    /// <summary>
    /// The kind of data to draw, for a model that tells kinds apart; the last one by default. For other models it must
    /// be left out.
    /// </summary>
    public int? DataType { get; init; }
}
