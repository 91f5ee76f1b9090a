using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>A checkpoint that tells how much of it has been read, and stops when it is asked to.</summary>
/// <param name="file">The checkpoint; it stays its owner's.</param>
/// <param name="progress">Where to tell.</param>
/// <param name="cancellation">Asks to stop, which happens between two tensors.</param>
internal sealed class WatchedCheckpoint(ICheckpointFile file, IProgress<WorkProgress> progress, CancellationToken cancellation)
    : ICheckpointFile
{
    private readonly long all = file.Tensors.Values.Sum(static info => info.Elements);
    private long done;
    private int read;

    public string Path => file.Path;

    public IReadOnlyList<string> Files => file.Files;

    public IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => file.Tensors;

    public Tensor Read(string name, Device? device = null, ScalarType? dtype = null)
    {
        Tell(name);
        return file.Read(name, device, dtype);
    }

    public void CopyInto(string name, Tensor destination)
    {
        Tell(name);
        file.CopyInto(name, destination);
    }

    public void Dispose() { }

    private void Tell(string name)
    {
        cancellation.ThrowIfCancellationRequested();
        done += file.Tensors[name].Elements;
        progress.Report(new((double)done / Math.Max(1, all), $"tensor {++read} of {file.Tensors.Count}"));
        cancellation.ThrowIfCancellationRequested();
    }
}
