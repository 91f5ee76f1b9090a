namespace Dit.Spec;

/// <summary>The <c>autoencoder</c> key: a word, or a mapping that declares one.</summary>
internal static class AutoencoderBinder
{
    private const int Groups = 32; // of the group norms

    public static Result<Autoencoder> Bind(Fields top) => top.Read(SpecKeys.Autoencoder, Kl);

    /// <summary>An error unless the model's input has the channels of a latent.</summary>
    public static IEnumerable<SpecError> ChannelErrors(Fields top, int channels, Autoencoder autoencoder) =>
        autoencoder.Match<IEnumerable<SpecError>>(
        static _ => [],
        kl => kl.LatentChannels == channels ? [] : [new SpecError(
            Rule.LatentFitsInput,
            FormattableString.Invariant($"The input has {channels} channels, but a latent of {Shown.Text(kl.Called)} has ")
                + FormattableString.Invariant($"{kl.LatentChannels}; write channels: {kl.LatentChannels}, or name another autoencoder"),
            InputBinder.AtChannels(top)).Replace(FormattableString.Invariant($"{kl.LatentChannels}"))]);

    private static Result<Autoencoder> Kl(Fields fields) =>
        ((fields.OnlyAllowed(), Name(fields)).Apply(static (_, name) => name),
         Levels(fields),
         (fields.Read(AutoencoderKeys.ResidualBlocks), fields.Read(AutoencoderKeys.LatentChannels))
             .Apply(static (blocks, latent) => (blocks, latent)),
         (fields.Read(AutoencoderKeys.LatentScale), fields.Read(AutoencoderKeys.LatentShift), ChannelStatistics(fields))
             .Apply(static (scale, shift, statistics) => (scale, shift, statistics)),
         WithoutQuantConvolutions(fields))
        .Apply(static (name, levels, sizes, latent, without) => (Autoencoder)new Autoencoder.Kl(
            name, levels.Channels, levels.Multipliers, sizes.blocks, sizes.latent, latent.scale, latent.shift,
            QuantConvolutions: !without)
        { AttentionLevels = levels.Attention, ChannelStatistics = latent.statistics });

    private static Result<(int Channels, EquatableArray<int> Multipliers, EquatableArray<int> Attention)> Levels(Fields fields) =>
        (Channels(fields), fields.Read(AutoencoderKeys.Multipliers), fields.Read(AutoencoderKeys.AttentionLevels))
        .Apply(static (channels, multipliers, attention) =>
            (channels, multipliers, attention.Distinct().OrderBy(static level => level).ToEquatableArray()))
        .Ensure(levels => levels.Item3.Where(level => level >= levels.multipliers.Count).Take(1).Select(level => new SpecError(
            Rule.OutOfRange,
            FormattableString.Invariant($"'autoencoder.attn_levels' has level {level}, but 'ch_mult' has {levels.multipliers.Count} ")
                + FormattableString.Invariant($"{(levels.multipliers.Count == 1 ? "level" : "levels")}, the last of which is ")
                + FormattableString.Invariant($"{levels.multipliers.Count - 1}"),
            fields.At(AutoencoderKeys.AttentionLevels))));

    private static Result<string> Name(Fields fields) => fields.Read(AutoencoderKeys.Name).Ensure(name =>
        name.All(static c => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '-' or '_' or '.')
            ? []
            : [new SpecError(
                Rule.BadName,
                $"The autoencoder's name '{Shown.Text(name)}' has other characters than ASCII letters, digits, '-', '_' and '.'; "
                    + "write it as in kl-f4", fields.At(AutoencoderKeys.Name))]);

    private static Result<int> Channels(Fields fields) => fields.Read(AutoencoderKeys.Channels).Ensure(channels =>
    {
        if (channels % Groups == 0) return [];
        var at = fields.At(AutoencoderKeys.Channels);
        var error = new SpecError(
            Rule.GroupsDivideChannels,
            FormattableString.Invariant(
                $"'autoencoder.ch' is {channels}, which is not divisible into the {Groups} groups of the group norms"), at);
        return
        [
            Multiples.Nearest(channels, Groups, AutoencoderKeys.Channels.Max, static _ => true) is { } near
                ? Multiples.Suggest(error, near, at)
                : error,
        ];
    });

    private static Result<bool> WithoutQuantConvolutions(Fields fields) =>
        Flag(fields, AutoencoderKeys.WithoutQuantConvolutions, "where the convolutions are there");

    private static Result<bool> ChannelStatistics(Fields fields) =>
        Flag(fields, AutoencoderKeys.ChannelStatistics, "where all channels have one scale");

    private static Result<bool> Flag(Fields fields, FlagKey key, string otherwise) => !fields.Has(key) || fields.IsTrue(key)
        ? Result.Of(fields.Has(key))
        : Result.Fail<bool>(new(
            Rule.WrongType, $"'autoencoder.{key.Name}' can only be true; {otherwise}, leave the key out", fields.At(key)));
}
