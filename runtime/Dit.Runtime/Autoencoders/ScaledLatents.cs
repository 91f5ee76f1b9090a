using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Latents as denoisers see them: normalized by channel where their autoencoder does so, shifted and scaled.
/// </summary>
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
    /// <exception cref="DitException">
    /// The shape is not that of latents, or the card lacks the statistics of its channels.
    /// </exception>
    public static ScaledLatents Scale(Tensor unscaled, AutoencoderCard autoencoder)
    {
        RequireLatents(unscaled, autoencoder);
        using var scope = NewDisposeScope();
        using Scalar shift = autoencoder.Shift, scale = autoencoder.Scale; // kept until the calls are over, see Scalars
        var normalized = StatisticsOf(autoencoder)?.For(unscaled) is var (mean, deviation) ? unscaled.sub(mean).div_(deviation) : unscaled;
        var scaled = normalized.sub(shift).mul_(scale);
        scaled.DetachFromDisposeScope();
        return new(scaled, autoencoder);
    }

    /// <summary>Latents as the autoencoder makes them, (N, C, Y, X).</summary>
    internal Tensor Unscaled()
    {
        using var scope = NewDisposeScope();
        using Scalar shift = Autoencoder.Shift, scale = Autoencoder.Scale;
        var normalized = Values.div(scale).add_(shift, Scalars.One);
        var unscaled = StatisticsOf(Autoencoder)?.For(Values) is var (mean, deviation)
            ? normalized.mul_(deviation).add_(mean, Scalars.One)
            : normalized;
        return unscaled.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    private static LatentStatistics? StatisticsOf(AutoencoderCard card) => card is { ChannelStatistics: true, Statistics: null }
        ? throw new DitException(
            $"{card.Name} normalizes each channel of its latents, and this card lacks their means and deviations: take the card of a "
                + $"loaded autoencoder, or give it {nameof(LatentStatistics)}.")
        : card.Statistics;

    private static void RequireLatents(Tensor values, AutoencoderCard autoencoder)
    {
        if (values.shape is not [_, var channels, > 0, > 0] || channels != autoencoder.LatentChannels)
            throw new DitException(
                $"Latents of {autoencoder.Name} have the shape (N, {autoencoder.LatentChannels}, Y, X), but these have "
                    + $"{TensorInfo.ShapeText(values.shape)}.");
    }
}
