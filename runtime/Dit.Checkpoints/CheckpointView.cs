using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>Other ways to see an open checkpoint, none of which reads a tensor.</summary>
public static class CheckpointView
{
    /// <summary>
    /// The tensors whose names begin with a prefix, under the names that remain without it, in the order of the file.
    /// </summary>
    /// <remarks>
    /// Training frameworks keep a model inside something: Lightning writes <c>state_dict.*</c>, a latent diffusion
    /// checkpoint has its autoencoder at <c>state_dict.first_stage_model.*</c>. Views add up:
    /// <c>file.Below("state_dict.").Below("first_stage_model.")</c>.
    /// </remarks>
    /// <param name="file">The file; the view owns it from here on, and disposing the view closes it.</param>
    /// <param name="prefix">
    /// What the names begin with, the last dot included; the empty prefix is the whole file.
    /// </param>
    /// <returns>
    /// The view, without tensors when no name begins so. Its path and metadata are those of the file.
    /// </returns>
    public static ICheckpointFile Below(this ICheckpointFile file, string prefix) =>
        prefix.Length == 0 ? file : new View(file, prefix, name => name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Whether the name of any tensor begins with a prefix.</summary>
    /// <param name="file">The file.</param>
    /// <param name="prefix">What the name begins with, the last dot included.</param>
    public static bool Holds(this ICheckpointFile file, string prefix) =>
        file.Tensors.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>
    /// The weights of a model within a training checkpoint, under the model's names; a file of weights alone is seen as
    /// it is.
    /// </summary>
    /// <param name="file">The file; the view owns it from here on, and disposing the view closes it.</param>
    /// <param name="weights">Which of them.</param>
    /// <exception cref="DitException">The file has none of those that are asked for.</exception>
    public static ICheckpointFile OfWeights(this ICheckpointFile file, CheckpointWeights weights) =>
        file.Below(WeightsPlace.Conventional(file, weights));

    /// <summary>The tensors whose names do not begin with a prefix, in the order of the file.</summary>
    /// <param name="file">The file; the view owns it from here on, and disposing the view closes it.</param>
    /// <param name="prefix">What the names begin with, the last dot included.</param>
    public static ICheckpointFile Without(this ICheckpointFile file, string prefix) =>
        file.Holds(prefix) ? new View(file, "", name => !name.StartsWith(prefix, StringComparison.Ordinal)) : file;

    /// <summary>The file with more to say beside its tensors; of two values of one name, the new one counts.</summary>
    internal static ICheckpointFile With(this ICheckpointFile file, IReadOnlyCollection<KeyValuePair<string, string>> metadata) =>
        metadata.Count == 0 ? file : new MetadataView(file, metadata);

    private sealed class View(ICheckpointFile file, string prefix, Func<string, bool> isSeen) : ICheckpointFile
    {
        public string Path => file.Path;

        public IReadOnlyList<string> Files => file.Files;

        public IReadOnlyDictionary<string, string> Metadata => file.Metadata;

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = new OrderedDictionary<string, TensorInfo>(
            file.Tensors.Where(tensor => isSeen(tensor.Key))
                .Select(tensor => KeyValuePair.Create(tensor.Key[prefix.Length..], tensor.Value)),
            StringComparer.Ordinal);

        // A name that is not here is refused by the file, which names it in full.
        public Tensor Read(string name, Device? device = null, ScalarType? dtype = null) => file.Read(prefix + name, device, dtype);

        public void CopyInto(string name, Tensor destination) => file.CopyInto(prefix + name, destination);

        public NonFinite? FindNonFinite(string name) => file.FindNonFinite(prefix + name);

        public void Dispose() => file.Dispose();
    }

    private sealed class MetadataView(ICheckpointFile file, IEnumerable<KeyValuePair<string, string>> metadata) : ICheckpointFile
    {
        public string Path => file.Path;

        public IReadOnlyList<string> Files => file.Files;

        public IReadOnlyDictionary<string, string> Metadata { get; } =
            metadata.Concat(file.Metadata).DistinctBy(static entry => entry.Key).ToDictionary(StringComparer.Ordinal);

        public IReadOnlyDictionary<string, TensorInfo> Tensors => file.Tensors;

        public Tensor Read(string name, Device? device = null, ScalarType? dtype = null) => file.Read(name, device, dtype);

        public void CopyInto(string name, Tensor destination) => file.CopyInto(name, destination);

        public NonFinite? FindNonFinite(string name) => file.FindNonFinite(name);

        public void Dispose() => file.Dispose();
    }
}
