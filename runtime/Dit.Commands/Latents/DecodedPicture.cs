using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>The last step from latents to a file.</summary>
internal static class DecodedPicture
{
    /// <summary>The picture of one latent.</summary>
    /// <param name="autoencoder">Decodes it.</param>
    /// <param name="latents">One, (1, C, Y, X).</param>
    /// <param name="of">What it is the latent of, for the message.</param>
    /// <param name="weights">Where the autoencoder's weights are from, for the message.</param>
    /// <param name="tiling">How to work on a large one; null for the whole at once.</param>
    /// <param name="cancellation">Stops the work before the next tile.</param>
    /// <exception cref="DitException">The autoencoder makes no finite numbers of it.</exception>
    public static RgbImage PictureOf(
        this AutoencoderKL autoencoder,
        ScaledLatents latents,
        string of,
        string weights,
        AutoencoderTiling? tiling,
        CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var pixels = autoencoder.Decode(latents, tiling, cancellation)[0]; // (3, Y, X)
        return NonFinite.In(pixels) is { } found
            ? throw new DitException($"What {autoencoder.Card.Name} makes of {of} holds {found}: {Reason(autoencoder, weights)}.")
            : RgbImage.FromTensor(pixels);
    }

    private static string Reason(nn.Module autoencoder, string weights)
    {
        foreach (var (name, parameter) in autoencoder.named_parameters())
            if (NonFinite.In(parameter) is { } found)
                return $"its weight {name} holds {found}; 'dit inspect --check {weights}' lists all such tensors";
        return "all its weights are finite, so numbers grew too large on the way";
    }
}
