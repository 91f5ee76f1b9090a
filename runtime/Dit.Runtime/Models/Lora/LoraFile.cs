namespace Dit.Runtime;

/// <summary>Adapters in a file: all of them are of one model and of one rank.</summary>
/// <remarks>
/// The names are those of peft (<c>blocks.0.attn.qkv.lora_A.weight</c>), after the prefix of diffusers
/// (<c>transformer.</c>), of peft (<c>base_model.model.</c>), of a checkpoint of a run (<c>ema.</c>), or after none.
/// </remarks>
/// <param name="Rank">R.</param>
/// <param name="Alpha">alpha.</param>
/// <param name="Adapters">The adapters, in the order of the model's layers.</param>
internal sealed record LoraFile(int Rank, double Alpha, IReadOnlyList<LoraFile.Names> Adapters)
{
    /// <summary>What the names begin with in files that are written here.</summary>
    public const string Prefix = "transformer.";

    /// <summary>What the name of A ends with, after that of its layer.</summary>
    public const string AName = ".lora_A.weight";

    /// <summary>What the name of B ends with, after that of its layer.</summary>
    public const string BName = ".lora_B.weight";

    private const int Shown = 3;

    // Of several sets of adapters in a file, such as a checkpoint of a run, the first of these is taken.
    private static readonly string[] Preferred = ["ema.", "model."];

    /// <summary>An adapter.</summary>
    /// <param name="Layer">Its layer.</param>
    /// <param name="A">The name of A in the file.</param>
    /// <param name="B">The name of B in the file.</param>
    public sealed record Names(LoraLayer Layer, string A, string B);

    /// <summary>What an adapter is multiplied by.</summary>
    public double Scale => Alpha / Rank;

    /// <summary>Whether a file holds adapters, as far as its names say.</summary>
    /// <param name="names">The names of its tensors.</param>
    public static bool AreIn(IEnumerable<string> names) => names.Any(static name => name.EndsWith(AName, StringComparison.Ordinal));

    /// <summary>Finds the adapters in a file; no tensor of them is read yet.</summary>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <param name="card">The model.</param>
    /// <param name="layers">Its linear layers.</param>
    /// <exception cref="DitException">
    /// There are none, or they do not fit the model; the message says what differs.
    /// </exception>
    public static LoraFile Of(ICheckpointFile file, ModelCard card, IReadOnlyList<LoraLayer> layers)
    {
        var byName = layers.ToDictionary(static layer => layer.Name, StringComparer.Ordinal);
        Found[] found = [.. file.Tensors.Keys.Select(name => Found.Of(name, byName)).OfType<Found>()];
        if (found.Length == 0)
            throw new DitException(
                $"'{file.Path}' holds no adapters: the names of such tensors end with {AName[1..]} and {BName[1..]}.");
        string[] strangers = [.. found.Where(static one => one.Layer is null).Select(static one => one.Name)];
        if (strangers.Length > 0)
            throw Different(file, card, [$"{card.Name} has no linear layers for {Printable.Some(strangers, Shown)}"]);
        var prefix = PrefixOf(file, [.. found.Select(static one => one.Prefix).Distinct()]);
        var parts = found.Where(one => one.Prefix == prefix).ToLookup(static one => one.Layer);
        string[] mistakes = [.. layers.Where(parts.Contains).SelectMany(layer => Mistakes(file, layer, [.. parts[layer]]))];
        if (mistakes.Length > 0) throw Different(file, card, mistakes);
        Names[] adapters =
        [
            .. layers.Where(parts.Contains)
                .Select(layer => new Names(layer, prefix + layer.Name + AName, prefix + layer.Name + BName)),
        ];
        var rank = RankOf(file, adapters);
        return new(rank, LoraConfig.Alpha(file, [.. adapters.Select(one => $"{prefix}{one.Layer.Name}")], rank), adapters);
    }

    private static string PrefixOf(ICheckpointFile file, string[] prefixes) =>
        prefixes is [var only] ? only
        : Preferred.FirstOrDefault(prefixes.Contains) is { } taken ? taken
        : throw new DitException(
            $"'{file.Path}' holds adapters below {Printable.Some(prefixes.Select(static prefix => $"'{prefix}'"))}, and nothing says which "
                + "are meant: save one of these sets as a file.");

    private static IEnumerable<string> Mistakes(ICheckpointFile file, LoraLayer layer, Found[] parts)
    {
        if (parts is not [_, _])
        {
            yield return $"'{layer.Name}' has {(parts[0].IsA ? "lora_A and no lora_B" : "lora_B and no lora_A")}";
            yield break;
        }
        var (a, b) = (
            file.Tensors[parts.Single(static one => one.IsA).Name].Shape,
            file.Tensors[parts.Single(static one => !one.IsA).Name].Shape);
        if (a is not [var rank, var input] || b is not [var output, var other])
            yield return $"the adapter of '{layer.Name}' is no pair of matrices";
        else if (input != layer.Input || output != layer.Output)
            yield return $"the adapter of '{layer.Name}' goes from {input} to {output} features, and the layer from {layer.Input} to "
                + $"{layer.Output}";
        else if (rank != other || rank < 1)
            yield return $"the adapter of '{layer.Name}' has an A of rank {rank} and a B of rank {other}";
        else if (rank > Math.Min(input, output))
            yield return $"the adapter of '{layer.Name}' has the rank {rank}, and the layer's weight is {output} x {input}";
    }

    private static int RankOf(ICheckpointFile file, Names[] adapters)
    {
        long[] ranks = [.. adapters.Select(one => file.Tensors[one.A].Shape[0]).Distinct().Order()];
        return ranks is [var rank]
            ? (int)rank
            : throw new DitException($"'{file.Path}' holds adapters of the ranks {string.Join(", ", ranks)}; they must be of one rank.");
    }

    private static DitException Different(ICheckpointFile file, ModelCard card, string[] mistakes)
    {
        var named = file.Metadata.GetValueOrDefault(ModelCard.NameKey);
        var of = named is null || named == card.Name ? "" : $" They were trained for {Printable.Of(named)}.";
        var more = mistakes.Length > Shown ? $"; and {mistakes.Length - Shown} more" : "";
        return new($"The adapters in '{file.Path}' do not fit {card.Name}: {string.Join("; ", mistakes.Take(Shown))}{more}.{of}");
    }

    /// <summary>A tensor of an adapter in the file.</summary>
    /// <param name="Name">Its whole name.</param>
    /// <param name="Prefix">What the name has before that of the layer.</param>
    /// <param name="Layer">The layer; null where the model has none of such a name.</param>
    /// <param name="IsA">Whether it is A.</param>
    private sealed record Found(string Name, string Prefix, LoraLayer? Layer, bool IsA)
    {
        /// <summary>The tensor of a name; null where it is of no adapter.</summary>
        public static Found? Of(string name, IReadOnlyDictionary<string, LoraLayer> layers)
        {
            var isA = name.EndsWith(AName, StringComparison.Ordinal);
            if (!isA && !name.EndsWith(BName, StringComparison.Ordinal)) return null;
            var path = name[..^(isA ? AName : BName).Length];
            for (var start = 0; start >= 0; start = path.IndexOf('.', start) is >= 0 and var dot ? dot + 1 : -1)
                if (layers.TryGetValue(path[start..], out var layer)) return new(name, path[..start], layer, isA);
            return new(name, "", null, isA);
        }
    }
}
