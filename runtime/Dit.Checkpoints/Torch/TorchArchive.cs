using System.Text;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>
/// A file as <c>torch.save</c> has written it since PyTorch 1.6: a zip of one pickle and one entry for each storage.
/// </summary>
/// <remarks>
/// Nested dicts and lists show as names joined by dots: a training checkpoint {model, ema, opt, args} holds
/// <c>model.*</c>, <c>ema.*</c> and <c>opt.*</c>; its plain values are <see cref="TensorFile.Metadata"/>, and so are
/// the texts of entries <c>extra/NAME</c> of the archive. A closed interpreter parses the pickle: no name in a file is
/// resolved or run.
/// </remarks>
public sealed partial class TorchArchive : TensorFile
{
    private const string PickleName = "data.pkl";
    private const string ByteOrderName = "byteorder";
    private const int MaxPickleBytes = 32 << 20;

    private TorchArchive(SourceFile file, TensorTable table) : base(file, table) { }

    /// <summary>Opens a file and checks everything it says of its tensors; none is read yet.</summary>
    /// <param name="path">The file; its name does not matter.</param>
    /// <exception cref="DitException">
    /// There is no such file, it is no archive of torch.save, or it holds more than tensors and plain values.
    /// </exception>
    public static TorchArchive Open(string path) => Open(SourceFile.Open(path));

    internal static TorchArchive Open(SourceFile file)
    {
        try
        {
            return new TorchArchive(file, Table(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static TensorTable Table(SourceFile file)
    {
        var entries = StoredZip.Read(file);
        var folder = Folder(file, entries);
        if (entries.TryGetValue(folder + ByteOrderName, out var order) && (order.Length != 6 || ReadText(file, order) != "little"))
            throw new DitException($"'{file.Path}' was written on a big-endian machine; save it again on a little-endian one.");
        var pickle = entries[folder + PickleName];
        if (pickle.Length > MaxPickleBytes)
            throw new DitException($"'{file.Path}' has a pickle of {pickle.Length} bytes, more than any state dict needs.");
        var root = PickleReader.Read(file.Path, file.Read(pickle.Offset, (int)pickle.Length));
        var flat = PickleFlattening.Flatten(file.Path, root);
        var tensors = new OrderedDictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in flat.Tensors)
            tensors.Add(name, tensor is PickleValue.Tensor view ? Locate(file, entries, folder, name, view) : Unreadable(tensor));
        // An extra file has precedence over a value of the same name in the pickle.
        foreach (var (name, text) in ExtraFiles.Read(file, entries, folder))
            flat.Values[name] = text;
        return new TensorTable(tensors, flat.Values);
    }

    // All entries lie in one folder, named after the file that was written first.
    private static string Folder(SourceFile file, Dictionary<string, StoredZip.Entry> entries)
    {
        var pickles = entries.Keys.Where(static name => name == PickleName || name.EndsWith("/" + PickleName, StringComparison.Ordinal))
            .ToList();
        if (pickles is not [var pickle])
            throw new DitException($"'{file.Path}' is a zip archive with {pickles.Count} entries {PickleName}; files of torch.save have "
                + "one.");
        var folder = pickle[..^PickleName.Length];
        if (entries.ContainsKey(folder + "constants.pkl"))
            throw new DitException($"'{file.Path}' is a TorchScript program; save model.state_dict() with torch.save.");
        return folder;
    }

    private static string ReadText(SourceFile file, StoredZip.Entry entry) =>
        Encoding.UTF8.GetString(file.Read(entry.Offset, (int)entry.Length));

    private static StoredTensor Locate(
        SourceFile file, Dictionary<string, StoredZip.Entry> entries, string folder, string name, PickleValue.Tensor tensor)
    {
        var storage = tensor.Source;
        if (!entries.TryGetValue($"{folder}data/{storage.Key}", out var entry))
            throw new DitException($"'{file.Path}' lacks the elements of tensor '{Printable.Of(name)}' "
                + $"(entry data/{Printable.Of(storage.Key)}).");
        var size = storage.Type.Size;
        if (size > 0 && storage.First + storage.Elements > entry.Length / size)
            throw new DitException($"'{file.Path}' holds {entry.Length} bytes for tensor '{Printable.Of(name)}', "
                + $"but claims {storage.Elements} elements of {size} bytes.");
        return tensor.At(entry.Offset);
    }
}
