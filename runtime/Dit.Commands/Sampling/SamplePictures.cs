using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>
/// Makes pictures of samples: of pixels as they are, of latents by their autoencoder, one at a time, so that memory
/// does not follow the batch.
/// </summary>
/// <param name="shape">Shape of a picture, (3 or 1, Y, X).</param>
internal abstract class SamplePictures(ImageShape shape) : IDisposable
{
    /// <summary>Y of a picture.</summary>
    public int Height => shape.Height;

    /// <summary>X of a picture.</summary>
    public int Width => shape.Width;

    /// <summary>Finds out whether pictures can be drawn, before anything large is read.</summary>
    /// <exception cref="DitException">They cannot, or an autoencoder was given for a model of pixels.</exception>
    public static void Require(ModelCard card, string? autoencoder)
    {
        if (card.Autoencoder is { } latents && autoencoder is null)
            throw new DitException(
                $"{card.Name} draws latents of {latents.Name}, and pictures of them need its weights: name the file with --vae; --out "
                    + $"NAME.safetensors saves the latents as they are.");
        if (card.IsPixelSpace && card.Input.Channels is not (1 or 3))
            throw new DitException(
                $"{card.Name} draws samples of {card.Input.Channels} channels, and pictures have 1 or 3: --out NAME.safetensors saves the "
                    + $"samples as they are.");
    }

    /// <summary>Reads what it takes.</summary>
    /// <exception cref="DitException">Pictures cannot be drawn, or the file is none of the autoencoder's.</exception>
    public static SamplePictures Load(ModelCard card, string? autoencoder, Device device, Action<string> notice)
    {
        Require(card, autoencoder);
        return card.Autoencoder is { } latents && autoencoder is not null
            ? OfLatentsOf(
                AutoencoderKL.Load(autoencoder, latents, device, notice: notice),
                autoencoder,
                card.Input,
                AutoencoderTiling.For(card.Input.Height, card.Input.Width, latents.Factor))
            : new OfPixels(card.Input);
    }

    /// <summary>Pictures of latents.</summary>
    /// <param name="autoencoder">Decodes them; the result owns it.</param>
    /// <param name="weights">Where its weights are from, for messages.</param>
    /// <param name="latent">Shape of a latent, (C, Y, X).</param>
    /// <param name="tiling">How to work on large ones; null for whole ones.</param>
    /// <param name="cancellation">Stops the work before the next tile.</param>
    public static SamplePictures OfLatentsOf(
        AutoencoderKL autoencoder,
        string weights,
        ImageShape latent,
        AutoencoderTiling? tiling,
        CancellationToken cancellation = default) => new OfLatents(autoencoder, weights, latent, tiling, cancellation);

    /// <summary>The picture of its pixels.</summary>
    /// <param name="pixels">3 Y X bytes, as <see cref="RgbImage.Pixels"/>.</param>
    public RgbImage Of(byte[] pixels)
    {
        using var scope = NewDisposeScope();
        return RgbImage.FromTensor(tensor(pixels, [Height, Width, 3]).permute(2, 0, 1));
    }

    /// <summary>The picture of one sample.</summary>
    /// <param name="sample">(C, Y, X).</param>
    public abstract RgbImage Draw(Tensor sample);

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class OfPixels(ImageShape shape) : SamplePictures(shape)
    {
        public override RgbImage Draw(Tensor sample) => RgbImage.FromTensor(sample);

        public override void Dispose() { }
    }

    private sealed class OfLatents(
        AutoencoderKL autoencoder,
        string weights,
        ImageShape latent,
        AutoencoderTiling? tiling,
        CancellationToken cancellation) : SamplePictures(autoencoder.Card.PixelShape(latent))
    {
        public override RgbImage Draw(Tensor sample)
        {
            using var scope = NewDisposeScope();
            using var latents = ScaledLatents.Of(sample.unsqueeze(0), autoencoder.Card);
            return autoencoder.PictureOf(latents, "a latent", weights, tiling, cancellation);
        }

        public override void Dispose() => autoencoder.Dispose();
    }
}

/// <summary>Makes pictures once somebody asks for them, so that nothing is read for numbers alone.</summary>
/// <param name="card">The model.</param>
/// <param name="autoencoder">The weights of its autoencoder, where it has one and they were named.</param>
/// <param name="device">Where to compute.</param>
/// <param name="notice">
/// Receives a sentence that says where in the file the weights are, if they have a prefix there.
/// </param>
internal sealed class SamplePictureSource(ModelCard card, string? autoencoder, Device device, Action<string> notice) : IDisposable
{
    private SamplePictures? loaded;

    /// <summary>The pictures; the autoencoder is read the first time.</summary>
    /// <exception cref="DitException">Pictures cannot be drawn, or the file is none of the autoencoder's.</exception>
    public SamplePictures Value => loaded ??= SamplePictures.Load(card, autoencoder, device, notice);

    /// <inheritdoc/>
    public void Dispose() => loaded?.Dispose();
}
