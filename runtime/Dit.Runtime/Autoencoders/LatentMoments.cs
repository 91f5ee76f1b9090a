using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// What an encoder says of images: a diagonal Gaussian over latents, from which scaled latents are drawn.
/// </summary>
/// <remarks>
/// State of a cached data set: a latent may be drawn anew in every epoch, which a stored sample cannot give.
/// </remarks>
public sealed class LatentMoments : IDisposable
{
    // Bounds of the log-variance: beyond these exp is 0 or overflows half precision (latent diffusion's own bounds).
    private const double LeastLogVariance = -30, MostLogVariance = 20;

    /// <summary>Moments that are known.</summary>
    /// <param name="values">
    /// Mean, then log-variance, unscaled: (N, 2 C, Y, X). They stay the caller's; the memory is shared.
    /// </param>
    /// <param name="autoencoder">Whose they are.</param>
    /// <exception cref="DitException">The shape is not that of moments.</exception>
    public LatentMoments(Tensor values, AutoencoderCard autoencoder)
    {
        if (values.shape is not [_, var channels, > 0, > 0] || channels != 2 * autoencoder.LatentChannels)
            throw new DitException(
                $"Moments of {autoencoder.Name} have the shape (N, {2 * autoencoder.LatentChannels}, Y, X), but these have "
                    + $"{TensorInfo.ShapeText(values.shape)}.");
        Values = values.alias();
        Values.DetachFromDisposeScope();
        Autoencoder = autoencoder;
    }

    /// <summary>
    /// Mean, then log-variance, as the encoder gives them, unscaled and unbounded: (N, 2 C, Y, X). No input of a
    /// denoiser.
    /// </summary>
    public Tensor Values { get; }

    /// <summary>Whose moments these are.</summary>
    public AutoencoderCard Autoencoder { get; }

    /// <summary>The most likely latents: the means, scaled, (N, C, Y, X).</summary>
    public ScaledLatents Mode()
    {
        using var mean = Values.narrow(1, 0, Autoencoder.LatentChannels);
        return ScaledLatents.Scale(mean, Autoencoder);
    }

    /// <summary>Latents drawn from the Gaussian, scaled.</summary>
    /// <param name="noise">Standard normal, (N, C, Y, X).</param>
    /// <exception cref="DitException">The noise has another shape.</exception>
    public ScaledLatents Sample(Tensor noise)
    {
        using var scope = NewDisposeScope();
        var mean = Values.narrow(1, 0, Autoencoder.LatentChannels);
        if (!noise.shape.AsSpan().SequenceEqual(mean.shape))
            throw new DitException(
                $"Noise of shape {TensorInfo.ShapeText(mean.shape)} is needed to draw these latents, but this has "
                    + $"{TensorInfo.ShapeText(noise.shape)}.");
        var logVariance = Values.narrow(1, Autoencoder.LatentChannels, Autoencoder.LatentChannels);
        using Scalar least = LeastLogVariance, most = MostLogVariance; // kept until the call is over, see Scalars
        var deviation = logVariance.clamp(least, most).mul_(Scalars.Half).exp_();
        return ScaledLatents.Scale(deviation.mul_(noise).add_(mean, Scalars.One), Autoencoder);
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}
