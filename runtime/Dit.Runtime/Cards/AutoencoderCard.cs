using System.Text.Json.Serialization;

namespace Dit.Runtime;

/// <summary>
/// A KL-regularized autoencoder of images as data: its architecture, and how its latents are scaled (latent diffusion,
/// arXiv 2112.10752, section 3.1).
/// </summary>
/// <param name="Name">What specs call it: <c>kl-f8</c>.</param>
/// <param name="Channels">Channels of the first convolution, <c>ch</c>; a multiple of 32, for the group norms.</param>
/// <param name="Multipliers">
/// Channels of each level, from full resolution down, as multiples of <paramref name="Channels"/>: <c>ch_mult</c>.
/// Between two levels the sides are halved.
/// </param>
/// <param name="ResidualBlocks">
/// Residual blocks of each level of the encoder, <c>num_res_blocks</c>; the decoder has one more.
/// </param>
/// <param name="LatentChannels">Channels of a latent, <c>z_channels</c>.</param>
/// <param name="Scale">
/// What a shifted latent is multiplied with before a denoiser sees it: one over the standard deviation of latents.
/// </param>
/// <param name="Shift">What is subtracted from a latent before.</param>
/// <param name="QuantConvolutions">
/// Whether a 1 x 1 convolution lies on either side of the latents, as in latent diffusion.
/// </param>
/// <param name="AttentionLevels">
/// Levels with attention behind each residual block, as positions in <paramref name="Multipliers"/>, ascending; null
/// for none. Published settings name them by nominal resolution, <c>attn_resolutions</c>, whatever the image's size.
/// </param>
/// <param name="ChannelStatistics">
/// Whether each channel of a latent is normalized by its own mean and standard deviation, before shift and scale.
/// </param>
/// <param name="Statistics">
/// These means and deviations, where they are known: they belong to the weights, and loading these finds them.
/// </param>
public sealed record AutoencoderCard(
    string Name,
    int Channels,
    IReadOnlyList<int> Multipliers,
    int ResidualBlocks,
    int LatentChannels,
    double Scale,
    double Shift = 0,
    bool QuantConvolutions = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] IReadOnlyList<int>? AttentionLevels = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool ChannelStatistics = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] LatentStatistics? Statistics = null)
{
    /// <summary>
    /// The autoencoder of Stable Diffusion and DiT: 8 x 8 pixels to a latent pixel of 4 channels; 83,653,863
    /// parameters.
    /// </summary>
    public static AutoencoderCard KlF8 { get; } =
        new("kl-f8", Channels: 128, [1, 2, 4, 4], ResidualBlocks: 2, LatentChannels: 4, Scale: 0.18215);

    /// <summary>
    /// VA-VAE of LightningDiT (arXiv 2501.01423): 16 x 16 pixels to a latent pixel of 32 channels; 69,836,067
    /// parameters.
    /// </summary>
    public static AutoencoderCard VaVaeF16D32 { get; } = new(
        "va-vae-f16d32", Channels: 128, [1, 1, 2, 2, 4], ResidualBlocks: 2, LatentChannels: 32, Scale: 1, AttentionLevels: [4],
        ChannelStatistics: true);

    /// <summary>Those that specs name by a word.</summary>
    public static IReadOnlyList<AutoencoderCard> Named { get; } = [KlF8, VaVaeF16D32];

    /// <summary>This autoencoder whatever the statistics of its latents: what a model's card says of it.</summary>
    public AutoencoderCard WithoutStatistics => Statistics is null ? this : this with { Statistics = null };

    /// <summary>Pixels along each side of what one latent pixel stands for, f.</summary>
    public int Factor => 1 << (Multipliers.Count - 1);

    /// <summary>The shape of the latent of an image.</summary>
    /// <param name="height">Of the image, a multiple of <see cref="Factor"/>.</param>
    /// <param name="width">Of the image, a multiple of <see cref="Factor"/>.</param>
    public ImageShape LatentShape(int height, int width) => new(LatentChannels, height / Factor, width / Factor);

    /// <summary>The shape of the image of a latent.</summary>
    public ImageShape PixelShape(ImageShape latent) => new(3, latent.Height * Factor, latent.Width * Factor);

    /// <summary>By value, the multipliers included.</summary>
    public bool Equals(AutoencoderCard? other) => other is not null
        && (Name, Channels, ResidualBlocks, LatentChannels, Scale, Shift, QuantConvolutions)
            == (other.Name, other.Channels, other.ResidualBlocks, other.LatentChannels, other.Scale, other.Shift, other.QuantConvolutions)
        && (ChannelStatistics, Statistics) == (other.ChannelStatistics, other.Statistics)
        && Multipliers.SequenceEqual(other.Multipliers)
        && (AttentionLevels ?? []).SequenceEqual(other.AttentionLevels ?? []);

    /// <summary>Whether a level has attention behind each of its residual blocks.</summary>
    internal bool HasAttention(int level) => AttentionLevels?.Contains(level) == true;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Channels, Multipliers.Count, ResidualBlocks, LatentChannels, Scale, Shift);
}
