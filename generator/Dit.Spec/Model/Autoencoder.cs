namespace Dit.Spec;

/// <summary>The autoencoder whose latents a model denoises.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record Autoencoder
{
    private Autoencoder() { }

    /// <summary>The autoencoder of Stable Diffusion and DiT (arXiv 2112.10752): 8 pixels to a latent pixel.</summary>
    public static Kl KlF8 { get; } = new(
        "kl-f8", Channels: 128, EquatableArray.Of(1, 2, 4, 4), ResidualBlocks: 2, LatentChannels: 4, Scale: 0.18215, Shift: 0,
        QuantConvolutions: true);

    /// <summary>
    /// VA-VAE, the autoencoder of LightningDiT (arXiv 2501.01423): 16 pixels to a latent pixel, attention in the lowest
    /// level, latents normalized by channel.
    /// </summary>
    public static Kl VaVaeF16D32 { get; } = new(
        "va-vae-f16d32", Channels: 128, EquatableArray.Of(1, 1, 2, 2, 4), ResidualBlocks: 2, LatentChannels: 32, Scale: 1, Shift: 0,
        QuantConvolutions: true)
    { AttentionLevels = EquatableArray.Of(4), ChannelStatistics = true };

    /// <summary>Its name in specs.</summary>
    public string Name => Match(static _ => "none", static kl => kl.Called);

    /// <summary>Its part of the model's hash, the same for a word and for a mapping with the same values.</summary>
    internal string Canonical => Match(static _ => "None", static kl => kl == KlF8 ? "KlF8" : kl.ToString());

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<None, R> none, Func<Kl, R> kl) => this switch
    {
        None autoencoder => none(autoencoder),
        Kl autoencoder => kl(autoencoder),
        _ => throw new InvalidOperationException("Autoencoder has two cases."),
    };

    /// <summary>None: pixels in [-1, 1].</summary>
    public sealed record None : Autoencoder;

    /// <summary>A KL-regularized autoencoder.</summary>
    /// <param name="Called">Its name.</param>
    /// <param name="Channels">Channels of the first convolution.</param>
    /// <param name="Multipliers">
    /// Channels of each level as multiples of <c>Channels</c>, from full resolution down.
    /// </param>
    /// <param name="ResidualBlocks">Residual blocks of each level of the encoder.</param>
    /// <param name="LatentChannels">Channels of a latent.</param>
    /// <param name="Scale">Factor applied to a latent after the shift.</param>
    /// <param name="Shift">Value subtracted from a latent before scaling.</param>
    /// <param name="QuantConvolutions">Whether a 1 x 1 convolution lies on either side of the latents.</param>
    public sealed record Kl(
        string Called, int Channels, EquatableArray<int> Multipliers, int ResidualBlocks, int LatentChannels, double Scale, double Shift,
        bool QuantConvolutions) : Autoencoder
    {
        /// <summary>
        /// Levels with attention behind each residual block, ascending; 0 is full resolution.
        /// </summary>
        public EquatableArray<int> AttentionLevels { get; init; }

        /// <summary>
        /// Whether each channel of a latent is normalized by its mean and standard deviation, which are a file of their
        /// own.
        /// </summary>
        public bool ChannelStatistics { get; init; }

        /// <summary>Whether a word of specs stands for it.</summary>
        public bool HasWord => this == KlF8 || this == VaVaeF16D32;

        /// <summary>All of it in one line, whatever the culture.</summary>
        public override string ToString() => FormattableString.Invariant(
            $"kl {Called} {Channels} {Multipliers} {ResidualBlocks} {LatentChannels} {Scale:R} {Shift:R}")
            + (QuantConvolutions ? "" : " without quant_conv")
            + (AttentionLevels.Count == 0 ? "" : $" attention {AttentionLevels}")
            + (ChannelStatistics ? " statistics by channel" : "");
    }
}
