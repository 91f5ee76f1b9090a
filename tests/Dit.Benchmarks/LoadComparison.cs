using System.Diagnostics;
using System.Runtime.InteropServices;
using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Benchmarks;

/// <summary>Loading DiT-XL/2 from a checkpoint against reading the file, from the system's cache.</summary>
internal static class LoadComparison
{
    private const int Piece = 1 << 20;

    public static IEnumerable<Row> Run(CompareOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("dit-benchmark-");
        try
        {
            var path = Path.Combine(folder.FullName, "DiT-XL-2.pt");
            using (var model = Workload.Create<DiTXL2>(TorchSharp.torch.CPU)) Checkpoint.Save(model, path);
            GC.Collect();
            Stream(path);
            var first = Stopwatch.StartNew();
            Machine.ForgetPeakMemory();
            var before = Machine.PeakMemory();
            DiTXL2.Load(path).Dispose();
            var (firstSeconds, peak) = (first.Elapsed.TotalSeconds, Machine.PeakMemory() - before);
            var size = new FileInfo(path).Length / 1048576.0;
            var note = FormattableString.Invariant($"file {size:F0} MiB; the first load took {firstSeconds:F2} s; peak memory {peak / size:F2} x the file");

            var whole = Paired.Measure(() => Whole(path), () => DiTXL2.Load(path).Dispose(), options.Rounds, options.Progress("load, file into memory"), options.Cancellation);
            yield return new("load DiT-XL/2, whole", "reading the file into memory", whole, whole.Ours.Median, OurPeak: peak, Note: note);
            var stream = Paired.Measure(() => Stream(path), () => DiTXL2.Load(path).Dispose(), options.Rounds, options.Progress("load, file in pieces"), options.Cancellation);
            yield return new("load DiT-XL/2, pieces", "reading the file in pieces of 1 MiB", stream, stream.Ours.Median, OurPeak: peak);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The file through one small buffer: reading at its best, and of no use.</summary>
    private static void Stream(string path)
    {
        using var file = File.OpenHandle(path);
        var buffer = new byte[Piece];
        for (long at = 0; RandomAccess.Read(file, buffer, at) is > 0 and var read;) at += read;
    }

    /// <summary>The file into memory of its size.</summary>
    private static unsafe void Whole(string path)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        var memory = (byte*)NativeMemory.Alloc((nuint)length);
        try
        {
            for (long at = 0; at < length;)
                at += RandomAccess.Read(file, new Span<byte>(memory + at, (int)Math.Min(64 * Piece, length - at)), at);
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }
}
