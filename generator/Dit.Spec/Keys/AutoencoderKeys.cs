namespace Dit.Spec;

/// <summary>The keys of an autoencoder that a spec declares, below <c>autoencoder</c>.</summary>
internal static class AutoencoderKeys
{
    public static NameKey Name { get; } = new("name", "What cards and messages call it: ASCII letters, digits, '-', '_' and '.'", "kl-f4")
    { Rules = [Rule.BadName, Rule.YamlWord] };

    public static IntKey Channels { get; } = new("ch", 32, 1024, null, "Channels of the first convolution, a multiple of 32", "128")
    { Rules = [Rule.GroupsDivideChannels] };

    public static IntListKey Multipliers { get; } = new(
        "ch_mult", 1, 64, MaxItems: 8,
        "Channels of each level as multiples of ch, from full resolution down; "
            + "between two levels the sides are halved, so four levels make 8 pixels to a latent pixel", "[1, 2, 4]");

    public static IntKey ResidualBlocks { get; } =
        new("num_res_blocks", 1, 16, null, "Residual blocks of each level of the encoder; the decoder has one more", "2");

    public static IntKey LatentChannels { get; } = new("z_channels", 1, 1024, null, "Channels of a latent: the channels of the input", "3")
    { Rules = [Rule.LatentFitsInput] };

    public static NumberKey LatentScale { get; } =
        new("scale_factor", 0.0001, 10000, 1, "What a shifted latent is multiplied with before the model sees it", "0.18215");

    public static NumberKey LatentShift { get; } =
        new("shift_factor", -10000, 10000, 0, "What is subtracted from a latent before that", "0");

    public static FlagKey WithoutQuantConvolutions { get; } = new(
        "no_quant_conv",
        "There are no 1 x 1 convolutions on either side of the latents (diffusers: use_quant_conv and use_post_quant_conv false)");

    public static IntListKey AttentionLevels { get; } = new(
        "attn_levels", 0, 7, MaxItems: 8,
        "Levels with attention behind each residual block, as positions in ch_mult from 0 on; "
            + "published settings name their nominal resolutions: 16 of 256 pixels is level 4", "[4]")
    { Optional = true, Rules = [Rule.OutOfRange] };

    public static FlagKey ChannelStatistics { get; } = new(
        "channel_statistics",
        "Each channel of a latent is normalized by its mean and standard deviation, before shift_factor and scale_factor; "
            + "they are read from latents_stats.pt beside the weights");

    public static MappingKey Kl { get; } = new(
        "autoencoder",
        [
            Name, Channels, Multipliers, ResidualBlocks, LatentChannels, LatentScale, LatentShift, WithoutQuantConvolutions,
            AttentionLevels, ChannelStatistics,
        ],
        Optional: false,
        "A KL-regularized autoencoder (arXiv 2112.10752)",
        "{ name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 3 }");
}
