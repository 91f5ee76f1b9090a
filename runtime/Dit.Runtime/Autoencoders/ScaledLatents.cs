using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Latents as denoisers see them: shifted and scaled, and known by whose autoencoder.</summary>
/// <remarks>
/// Latents as an autoencoder makes them have a standard deviation of about 5, and nothing but a ruined picture tells
/// when one is taken for the other. So the two are of different types: what leaves <see cref="LatentMoments"/> is
/// scaled, and <see cref="AutoencoderKL.Decode"/> takes nothing else.
/// </remarks>
public sealed class ScaledLatents : IDisposable
{
    private ScaledLatents(Tensor values, AutoencoderCard autoencoder) => (Values, Autoencoder) = (values, autoencoder);

    /// <summary>(N, C, Y, X): input of a denoiser. It lives as long as this object.</summary>
    public Tensor Values { get; }

    /// <summary>Whose latents these are.</summary>
    public AutoencoderCard Autoencoder { get; }

    /// <summary>What a sampler drew.</summary>
    /// <param name="values">
    /// Samples of a denoiser of this autoencoder's latents, (N, C, Y, X). They stay the caller's; the memory is shared.
    /// </param>
    /// <param name="autoencoder">The autoencoder of the model's card.</param>
    /// <exception cref="DitException">The shape is not that of latents.</exception>
    public static ScaledLatents Of(Tensor values, AutoencoderCard autoencoder)
    {
        RequireLatents(values, autoencoder);
        var shared = values.alias();
        shared.DetachFromDisposeScope();
        return new(shared, autoencoder);
    }

    /// <summary>
    /// Shifts and scales latents as an autoencoder made them, for instance those of a file of another program.
    /// </summary>
    /// <param name="unscaled">(N, C, Y, X). They stay the caller's.</param>
    /// <param name="autoencoder">Whose they are.</param>
    /// <exception cref="DitException">The shape is not that of latents.</exception>
    public static ScaledLatents Scale(Tensor unscaled, AutoencoderCard autoencoder)
    {
        RequireLatents(unscaled, autoencoder);
        using var scope = NewDisposeScope();
        using Scalar shift = autoencoder.Shift, scale = autoencoder.Scale; // kept until the calls are over, see Scalars
        var scaled = unscaled.sub(shift).mul_(scale);
        scaled.DetachFromDisposeScope();
        return new(scaled, autoencoder);
    }

    /// <summary>Latents as the autoencoder makes them, (N, C, Y, X).</summary>
    internal Tensor Unscaled()
    {
        using Scalar shift = Autoencoder.Shift, scale = Autoencoder.Scale;
        return Values.div(scale).add_(shift, Scalars.One);
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    private static void RequireLatents(Tensor values, AutoencoderCard autoencoder)
    {
        if (values.shape is not [_, var channels, > 0, > 0] || channels != autoencoder.LatentChannels)
            throw new DitException(
                $"Latents of {autoencoder.Name} have the shape (N, {autoencoder.LatentChannels}, Y, X), but these have "
                    + $"{TensorInfo.ShapeText(values.shape)}.");
    }
}
