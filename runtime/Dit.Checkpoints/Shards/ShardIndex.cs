using System.Text.Json;

namespace Dit.Checkpoints;

/// <summary>
/// The index of a checkpoint in several files, as diffusers and transformers write it: <c>*.safetensors.index.json</c>,
/// <c>*.bin.index.json</c>.
/// </summary>
/// <param name="Path">Where the index is.</param>
/// <param name="Shards">
/// The file name of the shard of every tensor, in the order of the index. Each is a plain name beside the index.
/// </param>
/// <param name="TotalSize">Bytes of all tensors, where the index says so.</param>
/// <param name="Metadata">What else the index says of itself.</param>
internal sealed record ShardIndex(
    string Path, OrderedDictionary<string, string> Shards, long? TotalSize, IReadOnlyDictionary<string, string> Metadata)
{
    private const string What = "an index of shards";
    private const string MapKey = "weight_map";
    private const string MetadataKey = "metadata";
    private const string TotalKey = "total_size";
    private const int MaxShards = 1000;
    private const int LongestName = 255;

    /// <exception cref="DitException">
    /// The file is no such index, or names a shard that is not a plain file name.
    /// </exception>
    public static ShardIndex Read(string path) => JsonFile.Read(path, What, root => Of(path, root));

    private static ShardIndex Of(string path, JsonElement root)
    {
        if (!root.TryGetProperty(MapKey, out var map) || map.ValueKind != JsonValueKind.Object)
            throw JsonFile.Bad(path, What, $"it has no {MapKey}");
        var shards = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
            shards.Add(entry.Name, FileName(path, entry));
        if (shards.Values.Distinct(StringComparer.Ordinal).Skip(MaxShards).Any())
            throw JsonFile.Bad(path, What, $"it names more than {MaxShards} shards");
        var metadata = root.TryGetProperty(MetadataKey, out var about) && about.ValueKind == JsonValueKind.Object
            ? JsonSettings.Flatten(path, about)
            : [];
        return new ShardIndex(path, shards, Total(path, about), metadata);
    }

    // A name that could lead to another folder is not looked at in any other way.
    private static string FileName(string path, JsonProperty entry)
    {
        if (entry.Value.ValueKind != JsonValueKind.String || entry.Value.GetString() is not { } name)
            throw JsonFile.Bad(path, What, $"it maps '{Printable.Of(entry.Name)}' to something that is not a file name");
        var plain = name.Length is > 0 and <= LongestName && name is not ("." or "..") && name.AsSpan().IndexOfAny("/\\:") < 0
            && !name.Any(char.IsControl);
        return plain
            ? name
            : throw JsonFile.Bad(path, What, $"its shard '{Printable.Of(name)}' is not a plain name of a file in the same folder");
    }

    private static long? Total(string path, JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object || !metadata.TryGetProperty(TotalKey, out var total))
            return null;
        // Some writers count in floating point.
        return total.ValueKind == JsonValueKind.Number && total.TryGetDecimal(out var bytes) && bytes >= 0 && bytes <= long.MaxValue
            && decimal.IsInteger(bytes)
            ? (long)bytes
            : throw JsonFile.Bad(path, What, $"its {TotalKey} is not a number of bytes");
    }
}
