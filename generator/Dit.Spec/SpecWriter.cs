using System.Globalization;

namespace Dit.Spec;

/// <summary>A model back to the text of a spec.</summary>
public static class SpecWriter
{
    /// <summary>
    /// The canonical spec of one model: YAML that <see cref="SpecFile.Parse(string, System.Text.Encoding?)"/> reads to an equal model, without warnings.
    /// A member of a family is written as a model of its own.
    /// </summary>
    /// <remarks>
    /// Pure: equal models give equal texts, on every machine. Keys stand in the order of the language, one line each, and lines end with <c>\n</c>;
    /// there are no comments. Keys are written where they have a default, too, so that the text keeps its meaning whatever later versions take
    /// for the default. Only <c>backbone</c>, <c>numerics: official</c> and the clipping that follows from the autoencoder are left out.
    /// </remarks>
    /// <param name="spec">A valid model.</param>
    public static string Write(ModelSpec spec) => string.Concat(Lines(spec).Select(static line => line + "\n"));

    private static IEnumerable<string> Lines(ModelSpec spec) =>
    [
        Entry(SpecKeys.Model, YamlScalar.Write(spec.Name)),
        Entry(SpecKeys.Depth, Text(spec.Depth)),
        Entry(SpecKeys.Width, Text(spec.Width)),
        Entry(SpecKeys.Heads, Text(spec.Heads)),
        Entry(SpecKeys.PatchSize, Text(spec.PatchSize)),
        Entry(SpecKeys.MlpRatio, Numbers.Write(TransformerBinder.Ratio(spec.Width, spec.HiddenWidth))),
        .. spec.Numerics == Numerics.Official ? [] : new[] { Entry(SpecKeys.Numerics, Word(SpecKeys.Numerics, spec.Numerics)) },
        Entry(SpecKeys.Input, Mapping(Entry(SpecKeys.Channels, Text(spec.Input.Channels)), Entry(SpecKeys.Size, Size(spec.Input)))),
        Entry(SpecKeys.Conditioning, Conditioning(spec.Conditioning)),
        Entry(SpecKeys.Diffusion, Diffusion(spec.Diffusion)),
        Entry(SpecKeys.Autoencoder, spec.Autoencoder.Match(static _ => Word(SpecKeys.Autoencoder.Words, new Autoencoder.None()), Kl)),
        .. spec.Samplers.Count == 0 ? [] : new[] { $"{SpecKeys.Samplers.Name}:" },
        .. spec.Samplers.Select(sampler => $"  {YamlScalar.Write(sampler.Name)}: {Sampler(sampler, spec.Autoencoder)}"),
    ];

    private static string Size(InputSpec input) => input.Height == input.Width ? Text(input.Height) : $"[{Text(input.Height)}, {Text(input.Width)}]";

    // The short word stands for the first of the variants.
    private static string Conditioning(ConditioningSpec conditioning)
    {
        var variant = Entry(SpecKeys.Variant, Word(SpecKeys.Variant, conditioning.Variant));
        return conditioning.Condition.Match(
            _ => conditioning.Variant == ConditioningVariant.All[0] && SpecKeys.Conditioning.Word is { } nothing ? nothing : Mapping(variant, Entry(SpecKeys.None, "true")),
            labels => Mapping(variant, Entry(SpecKeys.Classes, Text(labels.Count)), Dropout(labels.Hidden)),
            text => Mapping(
                variant,
                Entry(SpecKeys.Text, Mapping(Entry(SpecKeys.TextTokens, Text(text.Tokens)), Entry(SpecKeys.TextWidth, Text(text.Width)))),
                Dropout(text.Hidden)));
    }

    private static string Dropout(double probability) => Entry(SpecKeys.Dropout, Numbers.Write(probability));

    private static string Diffusion(DiffusionSpec process) => Mapping(
        Entry(SpecKeys.Prediction, Word(SpecKeys.Prediction, process.Prediction)),
        Entry(SpecKeys.Variance, Word(SpecKeys.Variance, process.Variance)),
        Entry(SpecKeys.Schedule, Word(SpecKeys.Schedule, process.Schedule)),
        Entry(SpecKeys.Timesteps, Text(process.Timesteps)));

    private static string Kl(Autoencoder.Kl kl) => kl == Autoencoder.KlF8 ? Word(SpecKeys.Autoencoder.Words, kl) : Mapping(
    [
        Entry(SpecKeys.AutoencoderName, YamlScalar.Write(kl.Called)),
        Entry(SpecKeys.AutoencoderChannels, Text(kl.Channels)),
        Entry(SpecKeys.AutoencoderMultipliers, $"[{string.Join(", ", kl.Multipliers.Select(Text))}]"),
        Entry(SpecKeys.AutoencoderBlocks, Text(kl.ResidualBlocks)),
        Entry(SpecKeys.LatentChannels, Text(kl.LatentChannels)),
        Entry(SpecKeys.LatentScale, Numbers.Write(kl.Scale)),
        Entry(SpecKeys.LatentShift, Numbers.Write(kl.Shift)),
        .. kl.QuantConvolutions ? [] : new[] { Entry(SpecKeys.WithoutQuantConvolutions, "true") },
    ]);

    private static string Sampler(SamplerSpec sampler, Autoencoder autoencoder)
    {
        var steps = Entry(SpecKeys.Steps, Text(sampler.Steps));
        string[] method = sampler.Method.Match<string[]>(
            _ => [Entry(SpecKeys.Method, SamplerBinder.DdpmWord), steps],
            ddim => [Entry(SpecKeys.Method, SamplerBinder.DdimWord), steps, Entry(SpecKeys.Eta, Numbers.Write(ddim.Eta))]);
        return Mapping(sampler.ClipDenoised == BoundSampler.IsClippedByDefault(autoencoder)
            ? method
            : [.. method, Entry(SpecKeys.ClipDenoised, sampler.ClipDenoised ? "true" : "false")]);
    }

    private static string Entry(SpecKey key, string value) => $"{key.Name}: {value}";

    private static string Mapping(params string[] entries) => $"{{ {string.Join(", ", entries)} }}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Word<T>(WordKey<T> key, T value) => key.Values.First(word => word.Available && Equals(word.Value, value)).Text;
}
