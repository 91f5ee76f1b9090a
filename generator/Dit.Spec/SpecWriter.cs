using System.Globalization;

namespace Dit.Spec;

/// <summary>Writes a model as the text of a spec.</summary>
public static class SpecWriter
{
    /// <summary>
    /// The canonical spec of one model: YAML that <see cref="SpecFile.Parse(string, System.Text.Encoding?)"/> reads to
    /// an equal model, without warnings. A member of a family is written as a model of its own.
    /// </summary>
    /// <remarks>
    /// Pure: equal models give equal texts on every machine. One key per line in the order of the language, lines end
    /// with <c>\n</c>, and there are no comments. Keys with a default are written, too, so that the text keeps its
    /// meaning when a later version changes the default. Only <c>backbone</c>, <c>numerics: official</c>, the
    /// paper's <c>block</c>, <c>modulation: per-block</c>, <c>positions</c> that are counted, <c>mask: false</c>,
    /// <c>micro_conditions: false</c> and the clipping that follows from the autoencoder are left out.
    /// </remarks>
    /// <param name="spec">A valid model.</param>
    public static string Write(ModelSpec spec) => string.Concat(Lines(spec).Select(static line => line + "\n"));

    /// <summary>The settings of a sampler beside its steps, as keys and values of a spec.</summary>
    /// <param name="sampler">A declared sampler.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> SettingsOf(SamplerSpec sampler) =>
    [
        .. sampler.Method.Options.Select(static setting =>
            new KeyValuePair<string, string>(SamplerKeys.Of(setting).Name, SamplerKeys.Text(setting))),
    ];

    private static IEnumerable<string> Lines(ModelSpec spec) =>
    [
        Entry(SpecKeys.Model, YamlScalar.Write(spec.Name)),
        .. Backbone(spec.Backbone),
        Entry(SpecKeys.Input, Mapping(Entry(SpecKeys.Channels, Text(spec.Input.Channels)), Entry(SpecKeys.Size, Size(spec.Input)))),
        Entry(SpecKeys.Conditioning, Conditioning(spec)),
        Entry(SpecKeys.Diffusion, Process(spec.Process)),
        Entry(SpecKeys.Autoencoder, spec.Autoencoder.Match(static _ => Word(SpecKeys.Autoencoder.Words, new Autoencoder.None()), Kl)),
        .. spec.Samplers.Count == 0 ? [] : new[] { $"{SpecKeys.Samplers.Name}:" },
        .. spec.Samplers.Select(sampler => $"  {YamlScalar.Write(sampler.Name)}: {Sampler(sampler, spec.Autoencoder)}"),
    ];

    private static string Size(InputSpec input) =>
        input.Height == input.Width ? Text(input.Height) : $"[{Text(input.Height)}, {Text(input.Width)}]";

    private static IEnumerable<string> Backbone(Backbone backbone) =>
    [
        .. backbone.Word == SpecKeys.Backbone.Default ? [] : new[] { Entry(SpecKeys.Backbone, backbone.Word) },
        Entry(TransformerKeys.Depth, Text(backbone.Depth)),
        Entry(TransformerKeys.Width, Text(backbone.Width)),
        Entry(TransformerKeys.Heads, Text(backbone.Heads)),
        Entry(TransformerKeys.PatchSize, Text(backbone.PatchSize)),
        Entry(TransformerKeys.MlpRatio, Numbers.Write(TransformerBinder.Ratio(backbone.Width, backbone.HiddenWidth))),
        .. backbone.Match(Own, Own, Own),
    ];

    private static string[] Own(Backbone.Dit dit) =>
    [
        .. dit.Numerics == Numerics.Official
            ? []
            : new[] { Entry(BackboneKeys.Dit.Numerics, Word(BackboneKeys.Dit.Numerics, dit.Numerics)) },
        .. Block(dit) is { } block ? new[] { Entry(BackboneKeys.Dit.Block, block) } : [],
        .. dit.Positions == PositionSpec.Default ? [] : new[] { Entry(BackboneKeys.Dit.Positions, Write(dit.Positions)) },
    ];

    private static string[] Own(Backbone.UVit uVit) =>
    [
        Entry(BackboneKeys.UVit.QkvBias, uVit.QkvBias),
        Entry(BackboneKeys.UVit.TimeMlp, uVit.TimeMlp),
        Entry(BackboneKeys.UVit.FinalConvolution, uVit.FinalConvolution),
    ];

    private static string[] Own(Backbone.UniDiffuser uniDiffuser) =>
    [
        Entry(BackboneKeys.UniDiffuser.ClipWidth, Text(uniDiffuser.ClipWidth)),
        Entry(BackboneKeys.UniDiffuser.TextTokens, Text(uniDiffuser.TextTokens)),
        Entry(BackboneKeys.UniDiffuser.TextWidth, Text(uniDiffuser.TextWidth)),
        Entry(BackboneKeys.UniDiffuser.DataType, uniDiffuser.DataType),
    ];

    /// <summary>The block of a backbone where it differs from the paper's; null where it does not.</summary>
    public static string? Block(Backbone backbone) => backbone.Match(
        static dit => dit.Block == BlockSpec.Default ? null : Write(dit.Block), static _ => null, static _ => null);

    /// <summary>A block as a spec writes it, all keys: <c>{ norm: rms, mlp: swiglu, ... }</c>.</summary>
    /// <param name="block">The block.</param>
    public static string Write(BlockSpec block) => Mapping(
    [
        Entry(BlockKeys.Norm, Word(BlockKeys.Norm, block.Norm)),
        Entry(BlockKeys.Mlp, Word(BlockKeys.Mlp, block.Mlp)),
        Entry(BlockKeys.QueryKeyNorm, Word(BlockKeys.QueryKeyNorm, block.QueryKeyNorm)),
        Entry(BlockKeys.Position, Word(BlockKeys.Position, block.Position)),
        Entry(BlockKeys.Shift, block.Shift ? "true" : "false"),
        .. block.Modulation == BlockModulation.PerBlock
            ? []
            : new[] { Entry(BlockKeys.Modulation, Word(BlockKeys.Modulation, block.Modulation)) },
    ]);

    private static string Write(PositionSpec positions) => Mapping(
    [
        Entry(PositionKeys.Scale, Numbers.Write(positions.Scale)),
        .. positions.Base is { } size ? [Entry(PositionKeys.Base, Text(size))] : Array.Empty<string>(),
    ]);

    // The word 'none' implies what is usual.
    private static string Conditioning(ModelSpec spec)
    {
        var (own, isUsual) = spec.Backbone.Match<(string[], bool)>(
            static dit => (
                [Entry(BackboneKeys.Dit.Variant, Word(BackboneKeys.Dit.Variant, dit.Variant))],
                dit.Variant == ConditioningVariant.All[0]),
            static _ => ([], true),
            static _ => ([], true));
        return spec.Condition.Match(
            _ => isUsual && SpecKeys.Conditioning.Word is { } nothing ? nothing : Mapping([.. own, Entry(ConditionKeys.None, "true")]),
            labels => Mapping([.. own, Entry(ConditionKeys.Classes, Text(labels.Count)), Dropout(labels.Dropout)]),
            text => Mapping(
            [
                .. own, Entry(ConditionKeys.Text, Text(text)),
                .. text.HasSizes ? new[] { Entry(ConditionKeys.Sizes, "true") } : [],
                Dropout(text.Dropout),
            ]));
    }

    private static string Text(Condition.Text text) => Mapping(
    [
        Entry(ConditionKeys.TextTokens, Text(text.Tokens)), Entry(ConditionKeys.TextWidth, Text(text.Width)),
        .. text.IsMasked ? new[] { Entry(ConditionKeys.TextMask, "true") } : [],
    ]);

    private static string Dropout(double probability) => Entry(ConditionKeys.Dropout, Numbers.Write(probability));

    private static string Process(ProcessSpec process) => process.Match(
        static gaussian => Mapping(
            Entry(DiffusionKeys.Prediction, Word(DiffusionKeys.Prediction, gaussian.Prediction)),
            Entry(DiffusionKeys.Variance, Word(DiffusionKeys.Variance, gaussian.Variance)),
            Entry(DiffusionKeys.Schedule, Word(DiffusionKeys.Schedule, gaussian.Schedule)),
            Entry(DiffusionKeys.Timesteps, Text(gaussian.Timesteps))),
        static flow => Mapping(
            Entry(DiffusionKeys.Prediction, Word(DiffusionKeys.Prediction, flow.Prediction)),
            Entry(DiffusionKeys.Variance, Word(DiffusionKeys.Variance, flow.Variance)),
            Entry(DiffusionKeys.Schedule, Word(DiffusionKeys.Schedule, flow.Schedule)),
            Entry(DiffusionKeys.Loss, Word(DiffusionKeys.Loss, flow.Loss)),
            Entry(DiffusionKeys.Weight, Word(DiffusionKeys.Weight, flow.Weight)),
            Entry(DiffusionKeys.Times, Times(flow.Times)),
            Entry(DiffusionKeys.Shift, Numbers.Write(flow.Shift)),
            Entry(DiffusionKeys.CosineLoss, flow.CosineLoss ? "true" : "false")));

    private static string Times(FlowTimes times) => times.Match(
        static uniform => Word<FlowTimes>(DiffusionKeys.Times.Words, uniform),
        static normal => Mapping(Entry(DiffusionKeys.LogitNormal, Mapping(
            Entry(DiffusionKeys.Mean, Numbers.Write(normal.Mean)), Entry(DiffusionKeys.Deviation, Numbers.Write(normal.Deviation))))));

    private static string Kl(Autoencoder.Kl kl) => kl.HasWord ? Word(SpecKeys.Autoencoder.Words, kl) : Mapping(
    [
        Entry(AutoencoderKeys.Name, YamlScalar.Write(kl.Called)),
        Entry(AutoencoderKeys.Channels, Text(kl.Channels)),
        Entry(AutoencoderKeys.Multipliers, $"[{string.Join(", ", kl.Multipliers.Select(Text))}]"),
        Entry(AutoencoderKeys.ResidualBlocks, Text(kl.ResidualBlocks)),
        Entry(AutoencoderKeys.LatentChannels, Text(kl.LatentChannels)),
        Entry(AutoencoderKeys.LatentScale, Numbers.Write(kl.Scale)),
        Entry(AutoencoderKeys.LatentShift, Numbers.Write(kl.Shift)),
        .. kl.QuantConvolutions ? [] : new[] { Entry(AutoencoderKeys.WithoutQuantConvolutions, "true") },
        .. kl.AttentionLevels.Count == 0
            ? []
            : new[] { Entry(AutoencoderKeys.AttentionLevels, $"[{string.Join(", ", kl.AttentionLevels.Select(Text))}]") },
        .. kl.ChannelStatistics ? new[] { Entry(AutoencoderKeys.ChannelStatistics, "true") } : [],
    ]);

    private static string Sampler(SamplerSpec sampler, Autoencoder autoencoder) => Mapping(
    [
        Entry(SamplerKeys.Method, sampler.Method.Word),
        .. sampler.Steps is { } steps ? new[] { Entry(SamplerKeys.Steps, Text(steps)) } : [],
        .. SettingsOf(sampler).Select(static setting => $"{setting.Key}: {setting.Value}"),
        .. sampler.ClipDenoised == sampler.ClipsBy(autoencoder)
            ? []
            : new[] { Entry(SamplerKeys.ClipDenoised, sampler.ClipDenoised ? "true" : "false") },
    ]);

    private static string Entry(SwitchKey key, bool value) => Entry(key, value ? "true" : "false");

    private static string Entry(SpecKey key, string value) => $"{key.Name}: {value}";

    private static string Mapping(params string[] entries) => $"{{ {string.Join(", ", entries)} }}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Word<T>(WordKey<T> key, T value) where T : notnull => key.TextOf(value);
}
