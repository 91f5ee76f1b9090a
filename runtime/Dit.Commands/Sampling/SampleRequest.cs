using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>What to draw.</summary>
/// <param name="Checkpoint">The weights; null for those that come with the program.</param>
/// <param name="Weights">Which weights of a training checkpoint.</param>
/// <param name="Classes">Class names or numbers, comma separated; none for all, or the first of many.</param>
/// <param name="Text">A file of embedded texts, for text-conditional models.</param>
/// <param name="Sampler">A sampler of the model, or a method; null for its first sampler.</param>
/// <param name="Steps">Steps; null for the sampler's own.</param>
/// <param name="Scale">Guidance scale; 1 is no guidance; null for the model's usual.</param>
/// <param name="Channels">The channels that guidance changes.</param>
/// <param name="Interval">The noise levels at which guidance acts; null for all.</param>
/// <param name="Seed">Image i is a function of the seed and i.</param>
/// <param name="First">The number of the first image.</param>
/// <param name="Count">Images of each class or text, or in all for a model of neither.</param>
/// <param name="Batch">Images drawn at once; the images do not depend on it.</param>
/// <param name="Output">Where to and in what form.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Type">Type of the network's numbers; the process is float32 in any case.</param>
/// <param name="RecomputePositions">Whether a checkpoint of another grid of patches is taken, its positions computed
/// anew.</param>
internal sealed record SampleRequest(
    string? Checkpoint, CheckpointWeights Weights, IReadOnlyList<string> Classes, string? Text, string? Sampler, int? Steps,
    double? Scale, GuidanceChannels Channels, GuidanceInterval? Interval, long Seed, int First, int Count, int Batch,
    SampleFiles Output, Device Device, ScalarType Type, bool RecomputePositions)
{
    /// <summary><c>--batch</c> where it is not given.</summary>
    public const int UsualBatch = 40;

    private const double UsualOfPixels = 2, UsualOfLatents = 4; // the official sampler's, for latents
    private const double UsualOfJoint = 8; // UniDiffuser's, which it writes as 7

    /// <summary>The spec that names the model, as <c>my.dit.yaml#Small</c>, without its folder; null for a
    /// name.</summary>
    public string? SpecFile { get; init; }

    /// <summary>The adapters that are added to the weights.</summary>
    public IReadOnlyList<LoraChoice> Lora { get; init; } = [];

    /// <summary>A file of embedded texts that guidance leads away from; null for the model's null text.</summary>
    public string? Negative { get; init; }

    /// <summary>The size of the images in pixels; null for that of the model.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>The settings of a sampling method that were given.</summary>
    public MethodSettings Settings { get; init; } = MethodSettings.None;

    /// <summary>What is said of the usual guidance.</summary>
    public static string UsualGuidance =>
        FormattableString.Invariant($"{UsualOfPixels}, or {UsualOfLatents} for latents, or {UsualOfJoint} for a joint model, ")
            + "or 1 for a model without a null class or text";

    /// <summary>What the scale counts from.</summary>
    public GuidanceConvention Convention { get; init; }

    /// <summary>How far guided outputs are brought back to the deviation of conditional ones; null for not at
    /// all.</summary>
    public double? Rescale { get; init; }

    /// <summary>Adaptive projected guidance; null for the plain one.</summary>
    public AdaptiveProjection? Projection { get; init; }

    /// <summary>The guidance to draw with: what was asked for, or what is usual for such a model.</summary>
    /// <exception cref="DitException">The model cannot be guided, or an option was given for no guidance.</exception>
    public Guidance GuidanceFor(ModelCard card)
    {
        var (canBeGuided, none) = (card.CanBeGuided || Negative is not null, Convention.Unguided());
        var guidance = Made(!canBeGuided ? 1 : card.IsPixelSpace ? UsualOfPixels : UsualOfLatents);
        return !guidance.Acts || canBeGuided
            ? Sensible(guidance)
            : throw new DitException(
                $"{card.Name} cannot be guided: its spec has conditioning.dropout 0, so it has no null "
                    + (card.Condition is ModelCondition.Text
                        ? $"text; draw with --cfg {none}, or give --negative FILE."
                        : $"class; draw with --cfg {none}."));
    }

    /// <summary>The guidance of a joint model, which guides all numbers by its own marginals.</summary>
    /// <exception cref="DitException">An option was given that such a model has not, or for no guidance.</exception>
    public Guidance GuidanceForJoint(ModelCard card) => Rescale is null && Projection is null
        ? Sensible(Made(UsualOfJoint) with { Channels = GuidanceChannels.All })
        : throw new DitException(
            $"{card.Name} is guided by a scale, at all noise levels or in an interval: leave "
                + $"{(Rescale is null ? "--cfg-apg" : "--cfg-rescale")} out.");

    private Guidance Made(double strength) => new(Scale ?? strength - 1 + Convention.Unguided())
    {
        Channels = Channels,
        Interval = Interval,
        Convention = Convention,
        Rescale = Rescale ?? 0,
        Projection = Projection,
    };

    // What changes guidance makes no sense where there is none.
    private Guidance Sensible(Guidance guidance)
    {
        if (guidance.Acts) return guidance;
        var none = Convention.Unguided();
        if (Negative is not null)
            throw new DitException(
                $"--negative says what guidance leads away from, and with a scale of {none} there is none: leave it out.");
        if (Interval is not null)
            throw new DitException(
                $"--cfg-interval says where guidance acts, and with a scale of {none} there is none: leave the interval out.");
        return Rescale is null && Projection is null
            ? guidance
            : throw new DitException(
                $"{(Rescale is null ? "--cfg-apg" : "--cfg-rescale")} changes guidance, and with a scale of {none} there is none: leave "
                    + "it out.");
    }

    /// <summary>Finds options that make no sense for a model's condition.</summary>
    /// <exception cref="DitException">There are such.</exception>
    public void RequireFits(ModelCard card)
    {
        var mistake = card.Condition.Match(
            _ => OptionOfConditions() is { } given ? $"is conditioned on nothing: leave {given} out; --count N draws N images." : null,
            _ => Text is not null ? "is conditioned on classes: choose them with --classes, and leave --text out."
                : Negative is not null ? "is conditioned on classes: guidance leads away from none of them; leave --negative out."
                : null,
            _ => Classes.Count > 0 ? "is conditioned on text: give it with --text FILE, and leave --classes out."
                : Text is null ? $"is conditioned on text: give --text FILE, {TextEmbeddings.FileFor(card)}."
                : null);
        if (mistake is not null) throw new DitException($"{card.Name} {mistake}");
    }

    /// <summary>Finds options that make no sense for a joint model.</summary>
    /// <exception cref="DitException">There are such.</exception>
    public void RequireFitsJoint(ModelCard card)
    {
        if (Negative is not null)
            throw new DitException($"{card.Name} is guided by its own marginals, away from no text: leave --negative out.");
        if (Classes.Count > 0)
            throw new DitException(
                $"{card.Name} draws an image for each text of --text FILE, or without it images and texts together: leave --classes out.");
    }

    /// <summary>What was asked for, as conditions read it.</summary>
    /// <param name="card">The model.</param>
    /// <param name="checkpoint">Its weights, which may hold the names of its classes.</param>
    public ConditionSource Source(ModelCard card, string checkpoint) =>
        new(() => ClassNames.Of(card, checkpoint)) { Classes = Classes, TextFile = Text };

    /// <summary>The texts that guidance leads away from, as conditions read them; null where none were given.</summary>
    /// <inheritdoc cref="Source"/>
    public ConditionSource? NegativeSource(ModelCard card, string checkpoint) =>
        Negative is null ? null : Source(card, checkpoint) with { TextFile = Negative };

    private string? OptionOfConditions() =>
        Classes.Count > 0 ? "--classes"
        : Text is not null ? "--text"
        : Negative is not null ? "--negative"
        : Scale is not null ? "--cfg"
        : Interval is not null ? "--cfg-interval"
        : Rescale is not null ? "--cfg-rescale"
        : Projection is not null ? "--cfg-apg"
        : Convention != GuidanceConvention.Dit ? "--cfg-convention"
        : null;
}

/// <summary>The files that a run writes.</summary>
/// <param name="Out">A .png, .jpg or .safetensors file, or a folder.</param>
/// <param name="Autoencoder">The weights of the autoencoder that decodes latents.</param>
/// <param name="PreviewEvery">Steps from one preview to the next; null for none.</param>
/// <param name="Animation">A .gif file; empty for one named like the output, null for none.</param>
internal sealed record SampleFiles(string Out, string? Autoencoder = null, int? PreviewEvery = null, string? Animation = null)
{
    /// <summary>Whether intermediate images are written while sampling.</summary>
    public bool IsWatched => PreviewEvery is not null || Animation is not null;
}
