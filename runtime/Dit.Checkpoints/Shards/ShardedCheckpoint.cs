using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>A checkpoint in several files with an index, open for reading as if it were one.</summary>
/// <remarks>
/// All shards are opened with the index, so that names, shapes and sizes are certain before the first tensor is read.
/// </remarks>
public sealed class ShardedCheckpoint : ICheckpointFile
{
    private readonly ShardIndex _index;
    private readonly Dictionary<string, ICheckpointFile> _shards;

    private ShardedCheckpoint(ShardIndex index, Dictionary<string, ICheckpointFile> shards)
    {
        (_index, _shards) = (index, shards);
        Tensors = new OrderedDictionary<string, TensorInfo>(
            index.Shards.Select(entry => KeyValuePair.Create(entry.Key, shards[entry.Value].Tensors[entry.Key])), StringComparer.Ordinal);
        Metadata = index.Metadata.Concat(shards.Values.SelectMany(static shard => shard.Metadata))
            .DistinctBy(static entry => entry.Key).ToDictionary(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public string Path => _index.Path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => [Path, .. _shards.Values.Select(static shard => shard.Path).Order(StringComparer.Ordinal)];

    /// <summary>What the index says beside its map, and then what the shards say.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Opens an index and every shard it names.</summary>
    /// <param name="path">
    /// The index, <c>*.safetensors.index.json</c> or <c>*.bin.index.json</c>; the shards lie beside it.
    /// </param>
    /// <exception cref="DitException">
    /// The index is damaged or names a file elsewhere, a shard is missing or damaged, or they hold other tensors than
    /// the index says.
    /// </exception>
    public static ShardedCheckpoint Open(string path)
    {
        var index = ShardIndex.Read(path);
        var shards = new Dictionary<string, ICheckpointFile>(StringComparer.Ordinal);
        try
        {
            foreach (var name in index.Shards.Values.Distinct(StringComparer.Ordinal))
                shards.Add(name, OpenShard(index, name));
            CheckNames(index, shards);
            CheckSize(index, shards);
            return new ShardedCheckpoint(index, shards);
        }
        catch
        {
            Close(shards.Values);
            throw;
        }
    }

    /// <inheritdoc/>
    public Tensor Read(string name, Device? device = null, ScalarType? dtype = null) => ShardOf(name).Read(name, device, dtype);

    /// <inheritdoc/>
    public void CopyInto(string name, Tensor destination) => ShardOf(name).CopyInto(name, destination);

    /// <inheritdoc/>
    public NonFinite? FindNonFinite(string name) => ShardOf(name).FindNonFinite(name);

    /// <inheritdoc/>
    public void Dispose() => Close(_shards.Values);

    private ICheckpointFile ShardOf(string name) => _index.Shards.TryGetValue(name, out var shard)
        ? _shards[shard]
        : throw new DitException($"'{Path}' holds no tensor '{Printable.Of(name)}'; it holds {Printable.Some(Tensors.Keys)}.");

    private static ICheckpointFile OpenShard(ShardIndex index, string name)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(index.Path) ?? "", name);
        return File.Exists(path)
            ? CheckpointFile.OpenOne(path)
            : throw new DitException($"'{index.Path}' names the shard '{name}', which is not beside it; is the download complete?");
    }

    private static void CheckNames(ShardIndex index, Dictionary<string, ICheckpointFile> shards)
    {
        foreach (var (tensor, shard) in index.Shards)
            if (!shards[shard].Tensors.ContainsKey(tensor))
                throw new DitException($"'{index.Path}' places tensor '{Printable.Of(tensor)}' in '{shard}', which does not hold it.");
        foreach (var (name, shard) in shards)
            foreach (var tensor in shard.Tensors.Keys)
                if (!index.Shards.TryGetValue(tensor, out var place) || place != name)
                    throw new DitException($"'{shard.Path}' holds tensor '{Printable.Of(tensor)}', which '{index.Path}' "
                        + (place is null ? "does not name." : $"places in '{place}'."));
    }

    // Tensors of torch.save may share a storage, which its writer then counts once.
    private static void CheckSize(ShardIndex index, Dictionary<string, ICheckpointFile> shards)
    {
        var bytes = shards.Values.SelectMany(static shard => shard.Tensors.Values).Sum(static info => (decimal)info.Bytes);
        if (index.TotalSize is { } total && total != bytes
            && (total > bytes || shards.Values.All(static shard => shard is SafeTensorsFile)))
            throw new DitException($"The total_size of '{index.Path}' is {total} bytes, but its shards hold {bytes}; are they of another "
                + "version?");
    }

    private static void Close(IEnumerable<ICheckpointFile> shards)
    {
        foreach (var shard in shards)
            shard.Dispose();
    }
}
