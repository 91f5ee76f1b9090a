using System.Globalization;
using System.Text.RegularExpressions;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What can be said of a checkpoint without reading a tensor.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Format">What kind of file it is.</param>
/// <param name="Bytes">What its tensors take.</param>
/// <param name="Metadata">What it says of itself.</param>
/// <param name="Tensors">Types and shapes by name.</param>
/// <param name="Parts">
/// Of a training checkpoint the number of tensors under each first name: model, ema, opt; else none.
/// </param>
/// <param name="Names">Whose names the weights have, or null.</param>
/// <param name="Models">The known models whose tensors these are.</param>
/// <param name="Nearest">Where there is none, the nearest; null where nothing is near.</param>
/// <param name="OtherModel">
/// Where there is none, what the file says of the model that it is of, if that is not known here; else null.
/// </param>
/// <param name="Notices">What has to be said of where the weights are.</param>
internal sealed partial record CheckpointDescription(
    string Path, string Format, long Bytes, IReadOnlyDictionary<string, string> Metadata, IReadOnlyDictionary<string, TensorInfo> Tensors,
    IReadOnlyDictionary<string, int> Parts, string? Names, IReadOnlyList<string> Models, CheckpointMatch? Nearest,
    string? OtherModel, IReadOnlyList<string> Notices)
{
    // Settings of a training script of SiT; the tensors of its models are those of DiT.
    private const string SiTSetting = "args.path_type";

    /// <summary>What is said of a file of adapters (LoRA), which is of no model; null for other files.</summary>
    public string? Adapters { get; init; }

    /// <summary>Elements of all tensors.</summary>
    public long Elements => Tensors.Values.Sum(static info => info.Elements);

    /// <summary>Number of tensors of each type.</summary>
    public IReadOnlyList<(string Type, int Count)> Types =>
        [.. Tensors.Values.GroupBy(static info => info.TypeName).Select(static same => (same.Key, same.Count()))];

    /// <summary>
    /// Tensors that are alike but for a number in their names, as those of a model's blocks, as one row each.
    /// </summary>
    public IReadOnlyList<TensorRow> Rows => [.. Tensors
        .GroupBy(static t => (Name: Number().Replace(t.Key, ".*."), Text: t.Value.ToString()))
        .Select(static alike => new TensorRow(alike.Count() == 1 ? alike.First().Key : alike.Key.Name, alike.First().Value, alike.Count())),
];

    /// <summary>Describes an open checkpoint.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="file">The checkpoint; it stays the caller's.</param>
    /// <param name="models">The models that are known.</param>
    public static CheckpointDescription Of(string path, ICheckpointFile file, IReadOnlyList<ModelDefinition> models)
    {
        var weights = file.OfWeights(CheckpointWeights.Auto);
        if (AdaptersIn(weights) is { } adapters)
            return new(path, FormatOf(path, file), file.Tensors.Values.Sum(static info => info.Bytes), file.Metadata, file.Tensors,
                new Dictionary<string, int>(), null, [], null, null, [adapters])
            {
                Adapters = adapters,
            };
        var (names, exact, nearest, notices) = Known(file, weights, models);
        return new(path, FormatOf(path, file), file.Tensors.Values.Sum(static info => info.Bytes), file.Metadata, file.Tensors,
            ReferenceEquals(weights, file) || Counted(file).Count == 1 ? new Dictionary<string, int>() : Counted(file),
            names,
            exact,
            nearest,
            exact.Count == 0 ? ForeignCard.Describe(file.Metadata, models) : null, notices);
    }

    private static (string? Names, IReadOnlyList<string> Models, CheckpointMatch? Nearest, IReadOnlyList<string> Notices) Known(
        ICheckpointFile file, ICheckpointFile weights, IReadOnlyList<ModelDefinition> models)
    {
        if (Autoencoder(weights, models) is { } autoencoder)
            return (autoencoder.Convention, autoencoder.IsKnown ? [autoencoder.Model] : [], null, []);
        var all = CheckpointMatch.All(models, file, CheckpointWeights.Auto);
        var (exact, note) = CheckpointMatch.Narrowed([.. all.Where(static match => match.IsExact)], file);
        // Models of other sizes have names of the same convention, and few shapes in common.
        int TensorsOf(CheckpointMatch match) => file.Below(match.Place.Prefix).Tensors.Count;
        var named =
            all.MinBy(static match => match.Difference.Unexpected.Count) is { } best
            && 2 * best.Difference.Unexpected.Count < TensorsOf(best)
                ? best
                : null;
        var near = all.FirstOrDefault() is { } first && 2 * first.Difference.Count < TensorsOf(first) ? first : null;
        var names =
            named is null ? null
            : file.Metadata.ContainsKey(SiTSetting) ? "SiT, which are those of the official code"
            : named.Names.Convention;
        return (
            names,
            [.. exact.Select(static match => match.Name)],
            exact.Count == 0 ? near : null,
            [.. note is null ? [] : new[] { note }, .. exact is [var known, ..] ? NoticesOf(file, known) : []]);
    }

    private static string? AdaptersIn(ICheckpointFile weights)
    {
        KeyValuePair<string, TensorInfo>[] found =
            [.. weights.Tensors.Where(static one => one.Key.EndsWith(".lora_A.weight", StringComparison.Ordinal))];
        if (found.Length == 0) return null;
        var ranks = found.Select(static one => one.Value.Shape.FirstOrDefault()).Distinct().Order();
        var model = weights.Metadata.TryGetValue(ModelCard.NameKey, out var name) ? $" of {InspectCommand.OneLine(name)}" : "";
        return $"It holds adapters (LoRA) of rank {string.Join(" and ", ranks)} for {Amount.Of(found.Length, "layer")}{model}: "
            + "'dit sample' and 'dit convert' take it with --lora, beside the weights of the model.";
    }

    private static IReadOnlyList<string> NoticesOf(ICheckpointFile file, CheckpointMatch known) =>
        known.Place.Problem is { } problem
            ? [problem]
            : [.. known.Place.Notices(file.Path, known.Model.Card.Name), .. known.Names.Losses];

    private static (string Convention, string Model, bool IsKnown)? Autoencoder(
        ICheckpointFile weights,
        IReadOnlyList<ModelDefinition> models)
    {
        if (AutoencoderNames.Find(weights) is not var (tensors, prefix)) return null;
        var (card, names, differing) = AutoencoderOptions.Known(models)
            .Select(card => (card, names: AutoencoderNames.Nearest(tensors, card)))
            .Select(pair => (pair.card, pair.names, pair.names.DifferenceFrom(tensors).Count)).MinBy(static known => known.Count);
        return (
            $"{names.Convention}, of an autoencoder{(prefix.Length == 0 ? "" : $" below {prefix}")}",
            $"the autoencoder {card.Name}",
            differing == 0);
    }

    private static string FormatOf(string path, ICheckpointFile file) => file switch
    {
        _ when Directory.Exists(path) => "a folder of diffusers",
        SafeTensorsFile => "a safetensors file",
        TorchArchive => "a file of torch.save",
        LegacyTorchFile => "a file of torch.save from before PyTorch 1.6",
        _ => "an index of shards",
    };

    private static Dictionary<string, int> Counted(ICheckpointFile file) =>
        file.Tensors.Keys.GroupBy(static name => name.Split('.')[0]).ToDictionary(static part => part.Key, static part => part.Count());

    [GeneratedRegex(@"\.[0-9]+\.")]
    private static partial Regex Number();
}

/// <summary>A row of a table of tensors.</summary>
/// <param name="Name">The name; a star stands for numbers.</param>
/// <param name="Info">Type and shape.</param>
/// <param name="Count">How many tensors it stands for.</param>
internal sealed record TensorRow(string Name, TensorInfo Info, int Count)
{
    /// <summary><c>1152 x 256</c>.</summary>
    public string Shape =>
        Info.Shape.Length == 0
            ? "scalar"
            : string.Join(" x ", Info.Shape.Select(static side => side.ToString(CultureInfo.InvariantCulture)));
}
