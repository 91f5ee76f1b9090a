using static TorchSharp.torch;

namespace Dit.Checkpoints;

public sealed partial class TorchArchive
{
    private const string RootFolder = "archive/";
    private const string FormatVersion = "3\n";

    /// <summary>
    /// Writes tensors as <c>torch.save</c> would write an OrderedDict of them: <c>torch.load(path,
    /// weights_only=True)</c> reads it back.
    /// </summary>
    /// <remarks>
    /// No second copy of the tensors exists meanwhile; the same tensors in the same order give the same bytes.
    /// </remarks>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="tensors">
    /// Names and tensors, on any device and of any strides, in the order of the file. They stay the caller's.
    /// </param>
    /// <param name="dtype">
    /// Type to convert tensors of real numbers to; the others, and all by default, keep theirs.
    /// </param>
    /// <param name="extraFiles">
    /// Texts by name to keep as entries <c>extra/NAME</c>: metadata when read here, ignored by PyTorch.
    /// </param>
    /// <exception cref="DitException">
    /// A name occurs twice, a type has no place in the format here, or the file cannot be written.
    /// </exception>
    public static void Save(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        ScalarType? dtype = null,
        IReadOnlyDictionary<string, string>? extraFiles = null)
    {
        TensorSource.RequireReal(path, dtype);
        Write(path, [(null, Sources(tensors, dtype))], extraFiles);
    }

    /// <summary>
    /// Writes several state dicts under a name each: <c>{"model": ..., "ema": ...}</c>, as training scripts keep them.
    /// </summary>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="groups">The names, and the tensors of each. They stay the caller's.</param>
    /// <param name="dtype">
    /// Type to convert tensors of real numbers to; the others, and all by default, keep theirs.
    /// </param>
    /// <param name="extraFiles">
    /// Texts by name to keep as entries <c>extra/NAME</c>: metadata when read here, ignored by PyTorch.
    /// </param>
    /// <exception cref="DitException">
    /// A name occurs twice, a type has no place in the format here, or the file cannot be written.
    /// </exception>
    public static void SaveNested(
        string path,
        IEnumerable<(string Name, IEnumerable<(string Name, Tensor Tensor)> Tensors)> groups,
        ScalarType? dtype = null,
        IReadOnlyDictionary<string, string>? extraFiles = null)
    {
        TensorSource.RequireReal(path, dtype);
        Write(path, [.. groups.Select(group => ((string?)group.Name, Sources(group.Tensors, dtype)))], extraFiles);
    }

    /// <summary>
    /// Writes the tensors of another checkpoint, one after the other, so that it need not fit into memory.
    /// </summary>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="source">The checkpoint, of any format; it stays the caller's.</param>
    /// <param name="dtype">
    /// Type to convert tensors of real numbers to; the others, and all by default, keep theirs.
    /// </param>
    /// <param name="extraFiles">
    /// Texts by name to keep as entries <c>extra/NAME</c>; by default the checkpoint's metadata whose keys are names of
    /// YAML files.
    /// </param>
    /// <exception cref="DitException">The checkpoint cannot be read or the file cannot be written.</exception>
    public static void Save(
        string path, ICheckpointFile source, ScalarType? dtype = null, IReadOnlyDictionary<string, string>? extraFiles = null)
    {
        TensorSource.RequireReal(path, dtype);
        Write(path, [(null, [.. TensorSource.All(source, dtype)])], extraFiles ?? ExtraFiles.Of(source));
    }

    private static void Write(
        string path,
        IReadOnlyList<(string? Name, IReadOnlyList<TensorSource> Tensors)> groups,
        IReadOnlyDictionary<string, string>? extraFiles)
    {
        RequireDistinct(path, groups.Select(static group => group.Name ?? ""));
        foreach (var (_, tensors) in groups)
            RequireDistinct(path, tensors.Select(static tensor => tensor.Name));
        TensorSource[] all = [.. groups.SelectMany(static group => group.Tensors)];
        if (all.FirstOrDefault(static tensor => TensorTypes.TorchStorage(tensor.Info.DType) is null) is { } odd)
            throw new DitException($"Cannot save '{path}': tensor '{odd.Name}' is {odd.Info.DType}; the format here holds "
                + $"{TensorTypes.Names}.");
        var pickle = PickleWriter.Write(groups, static i => $"{i}");
        var extra = extraFiles is null ? [] : ExtraFiles.Entries(path, extraFiles);
        AtomicFile.Write(path, stream =>
        {
            var zip = new StoredZipWriter(stream);
            zip.Add(RootFolder + PickleName, pickle);
            zip.Add(RootFolder + ByteOrderName, "little"u8.ToArray());
            for (var i = 0; i < all.Length; i++)
                zip.Add($"{RootFolder}data/{i}", all[i].Info.Bytes, all[i].Write);
            foreach (var (name, content) in extra)
                zip.Add(RootFolder + name, content);
            zip.Add(RootFolder + "version", System.Text.Encoding.ASCII.GetBytes(FormatVersion));
            zip.Finish();
        });
    }

    private static IReadOnlyList<TensorSource> Sources(IEnumerable<(string Name, Tensor Tensor)> tensors, ScalarType? dtype) =>
        [.. tensors.Select(tensor => TensorSource.Of(tensor.Name, tensor.Tensor, dtype))];

    private static void RequireDistinct(string path, IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (names.FirstOrDefault(name => !seen.Add(name)) is { } twice)
            throw new DitException($"Cannot save '{path}': the name '{twice}' is taken already.");
    }
}
