using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>
/// Loading a checkpoint, against reading its bytes: no loader can be faster than that. The file is in the system's
/// cache.
/// </summary>
/// <remarks>
/// What the last load freed is returned to the system before each run: a program that loads a model does so into memory
/// it never had.
/// </remarks>
internal sealed class LoadPart(Bench bench) : BenchPart
{
    private const int Rounds = 3;
    private const int Piece = 1 << 20;
    private const int LargePiece = 1 << 29;

    protected override IEnumerable<BenchRow> Measure<TModel, TCondition, TProcess>()
    {
        var card = TModel.Card;
        var name = $"load {card.Name}";
        var folder = Directory.CreateTempSubdirectory("dit-bench-");
        try
        {
            bench.Status.Show($"{name}  writing a checkpoint");
            var file = Path.Combine(folder.FullName, "model.pt");
            Write<TModel>(file);
            var row = new BenchRow(name, "load") { Model = card.Name, FileMb = new FileInfo(file).Length / 1e6 };
            Malloc.Trim();
            var held = PeakMemory.HeldMegabytes();
            var firstMs = 0.0;
            var peak = bench.PeakOf(() => firstMs = bench.Time(Load));
            row = row with { FirstMs = firstMs, PeakRssMb = peak, RssOverFile = (peak - held) / row.FileMb };
            if (bench.Pair(name, Rounds, () => Stream(file), Load, Malloc.Trim) is { } streamed)
                yield return (row with { Name = $"{name}, stream", Baseline = "reading the file through 1 MiB" }).With(streamed);
            if (bench.Pair(name, Rounds, () => ReadWhole(file), Load, Malloc.Trim) is { } whole)
                yield return (row with { Name = $"{name}, read", Baseline = "reading the file into new memory" }).With(whole);

            void Load() => TModel.Load(file, bench.Device).Dispose();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Write<TModel>(string file)
        where TModel : nn.Module, IModel<TModel>
    {
        using var model = BenchModel.Create<TModel>(CPU);
        TorchArchive.Save(file, model.state_dict().Select(static pair => (pair.Key, pair.Value)));
    }

    private static void Stream(string file)
    {
        using var handle = File.OpenHandle(file);
        var buffer = new byte[Piece];
        for (long at = 0; RandomAccess.Read(handle, buffer, at) is > 0 and var read;) at += read;
    }

    /// <summary>Into memory that was never touched, as a model's parameters are.</summary>
    private static void ReadWhole(string file)
    {
        using var scope = NewDisposeScope();
        using var handle = File.OpenHandle(file);
        var size = RandomAccess.GetLength(handle);
        for (long at = 0; at < size;)
        {
            var piece = empty([Math.Min(LargePiece, size - at)], dtype: ScalarType.Byte); // lives until all is read
            for (var memory = piece.bytes; memory.Length > 0;)
            {
                var read = RandomAccess.Read(handle, memory, at);
                if (read == 0) throw new IOException($"'{file}' ended early.");
                at += read;
                memory = memory[read..];
            }
        }
    }
}
