namespace Dit.Checkpoints;

public static class AtomicFile
{
    public static void CreateFolder(string folder);
    public static string FullPath(string path);
    public static void RequireWritable(string path);
    public static void Write(string path, Action<Stream> write);
    public static void WriteText(string path, string text);
}

public static class AtomicFolder
{
    public static void RequireWritable(string path);
    public static void Write(string path, Action<string> write);
}

public enum CheckpointComponent
{
    Denoiser = 0,
    Autoencoder = 1,
}

public sealed record CheckpointEntry(string Name, params long[] Shape);

public static class CheckpointFile
{
    public static ICheckpointFile Open(string path);
    public static ICheckpointFile Open(string path, CheckpointComponent component);
}

public sealed class CheckpointMismatchException : DitException
{
    public IReadOnlyList<ShapeMismatch> Misshaped { get; }
    public IReadOnlyList<string> Missing { get; }
    public string Summary { get; }
    public string SummaryWithNames { get; }
    public IReadOnlyList<string> Unexpected { get; }
}

public static class CheckpointView
{
    public static ICheckpointFile Below(ICheckpointFile file, string prefix);
    public static bool Holds(ICheckpointFile file, string prefix);
    public static ICheckpointFile OfWeights(ICheckpointFile file, CheckpointWeights weights);
    public static ICheckpointFile Without(ICheckpointFile file, string prefix);
}

public enum CheckpointWeights
{
    Auto = 0,
    Ema = 1,
    Model = 2,
}

public class DitException : Exception
{
    public DitException(string message);
    public DitException(string message, Exception inner);
}

public sealed record ForeignTensor(IReadOnlyList<string> Names, long[] Shape)
{
    public long Elements { get; }
}

public interface ICheckpointFile : IDisposable
{
    virtual IReadOnlyList<string> Files { get; }
    IReadOnlyDictionary<string, string> Metadata { get; }
    string Path { get; }
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }
    void CopyInto(string name, torch.Tensor destination);
    virtual NonFinite? FindNonFinite(string name);
    torch.Tensor Read(string name, torch.Device? device = null, torch.ScalarType? dtype = null);
}

public sealed class LegacyTorchFile : TensorFile
{
    public static LegacyTorchFile Open(string path);
}

public abstract record MappedTensor
{
    public CheckpointEntry Own { get; }
    public T Match<T>(Func<MappedTensor.Stored, T> stored, Func<MappedTensor.Computed, T> computed);
    public static MappedTensor Renamed(CheckpointEntry own, params string[] names);
    public static MappedTensor Reshaped(CheckpointEntry own, string name, params long[] shape);
    public static MappedTensor Same(CheckpointEntry own);
    public static MappedTensor Stacked(CheckpointEntry own, params string[] names);
    public sealed record Computed(CheckpointEntry Own, Action<torch.Tensor> Fill) : MappedTensor
    {
        public string? Loss { get; init; }
    }
    public sealed record Stored(CheckpointEntry Own, IReadOnlyList<ForeignTensor> Parts) : MappedTensor;
}

public sealed record NameDifference(
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<ShapeMismatch> Misshaped)
{
    public int Count { get; }
    public IReadOnlyList<string> PassedOver { get; init; }
}

public sealed record NameMap(string Model, string Convention, IReadOnlyList<MappedTensor> Tensors, IReadOnlyList<string> Ignored)
{
    public NameMap(string model, string convention, IReadOnlyList<MappedTensor> tensors);
    public IEnumerable<CheckpointEntry> Foreign { get; }
    public IEnumerable<string> Losses { get; }
    public NameDifference DifferenceFrom(ICheckpointFile foreign);
    public WeightsPlace Find(ICheckpointFile file, CheckpointWeights weights = Auto);
    public bool Fits(ICheckpointFile file);
    public bool Fits(IEnumerable<string> names);
    public static NameMap Identity(string model, string convention, IReadOnlyList<CheckpointEntry> own);
    public IReadOnlyList<string> Problems(IReadOnlyList<CheckpointEntry> own);
    public ICheckpointFile Read(ICheckpointFile foreign);
    public ICheckpointFile Write(ICheckpointFile own);
    public ICheckpointFile Write(torch.nn.Module own);
}

public sealed record NonFinite(long NaNs, long PositiveInfinities, long NegativeInfinities, IReadOnlyList<long> First)
{
    public long Count { get; }
    public static NonFinite? In(torch.Tensor tensor);
    public override string ToString();
}

public static class SafeTensors
{
    public const string Format = "pt";
    public const string FormatKey = "format";
    public static void Save(
        string path,
        ICheckpointFile source,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null);
    public static void Save(
        string path,
        IEnumerable<(string Name, torch.Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null);
}

public sealed class SafeTensorsFile : TensorFile
{
    public static SafeTensorsFile Open(string path);
}

public sealed record ShapeMismatch(string Name, long[] Wanted, long[] Given);

public sealed class ShardedCheckpoint : ICheckpointFile, IDisposable
{
    public IReadOnlyList<string> Files { get; }
    public IReadOnlyDictionary<string, string> Metadata { get; }
    public string Path { get; }
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }
    public void CopyInto(string name, torch.Tensor destination);
    public void Dispose();
    public NonFinite? FindNonFinite(string name);
    public static ShardedCheckpoint Open(string path);
    public torch.Tensor Read(string name, torch.Device? device = null, torch.ScalarType? dtype = null);
}

public abstract class TensorFile : ICheckpointFile, IDisposable
{
    public IReadOnlyDictionary<string, string> Metadata { get; }
    public string Path { get; }
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }
    public void CopyInto(string name, torch.Tensor destination);
    public void Dispose();
    public NonFinite? FindNonFinite(string name);
    public torch.Tensor Read(string name, torch.Device? device = null, torch.ScalarType? dtype = null);
}

public sealed record TensorInfo(torch.ScalarType DType, long[] Shape)
{
    public long Bytes { get; }
    public long Elements { get; }
    public string? Refusal { get; }
    public string TypeName { get; }
    public override string ToString();
}

public sealed class TorchArchive : TensorFile
{
    public static TorchArchive Open(string path);
    public static void Save(
        string path,
        ICheckpointFile source,
        torch.ScalarType? dtype = null,
        IReadOnlyDictionary<string, string>? extraFiles = null);
    public static void Save(
        string path,
        IEnumerable<(string Name, torch.Tensor Tensor)> tensors,
        torch.ScalarType? dtype = null,
        IReadOnlyDictionary<string, string>? extraFiles = null);
    public static void SaveNested(
        string path,
        IEnumerable<(string Name, IEnumerable<(string Name, torch.Tensor Tensor)> Tensors)> groups,
        torch.ScalarType? dtype = null,
        IReadOnlyDictionary<string, string>? extraFiles = null);
}

public sealed record WeightsPlace(string Prefix, NameDifference Difference, IReadOnlyList<string> Others)
{
    public string? Problem { get; }
    public IEnumerable<string> Notices(string path, string model);
}
