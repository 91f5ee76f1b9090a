using System.Buffers.Binary;
using System.Text;

namespace Dit.Runtime.Tests;

/// <summary>Event files, read back by a reader that shares nothing with the writer.</summary>
public sealed class TensorBoardTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new() { Steps = 6, BatchSize = 4, LearningRate = 1e-3, EmaDecay = 0.5, Seed = 5 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, uint> Checksums => new()
    {
        // RFC 3720, appendix B.4; the bytes there are the value from its lowest byte on.
        { new string('0', 64), 0x8A9136AA },
        { new string('f', 64), 0x62A8AB43 },
        { Convert.ToHexString([.. Enumerable.Range(0, 32).Select(static i => (byte)i)]), 0x46DD794E },
        { Convert.ToHexString([.. Enumerable.Range(0, 32).Select(static i => (byte)(31 - i))]), 0x113FDB5C },
        {
            "01c00000" + "00000000" + "00000000" + "00000000" + "14000000" + "00000400" + "00000014" + "00000018" + "28000000"
                + "00000000" + "02000000" + "00000000",
            0xD9963A56
        },
        { Convert.ToHexString("123456789"u8), 0xE3069283 }, // the catalog's check value: a length that is no multiple of 8
    };

    [Theory, MemberData(nameof(Checksums))]
    public void Checksums_are_the_published_ones(string hex, uint expected)
    {
        Assert.Equal(expected, RecordFrame.Crc32C(Convert.FromHexString(hex)));
        Assert.Equal(expected, BitwiseCrc(Convert.FromHexString(hex)));
    }

    [Fact]
    public void A_run_writes_its_metrics_as_events()
    {
        var run = new TrainingFolder(folder["run"]) { TensorBoard = true };
        using var model = TinyDenoiser.Create();
        var files = new Trainer(Recipe, run).Run(model, ColorSet.Of()).Files;
        var events = Events(Assert.Single(Directory.GetFiles(folder["run"], "events.out.tfevents.*")));
        Assert.Contains(files, static file => Path.GetFileName(file).StartsWith("events.out.tfevents.", StringComparison.Ordinal));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.All(events, static one => Assert.InRange(
            DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0 - one.WallTime, -1, 600));
        var metrics = TrainingMetrics.Read(run.Metrics);
        Assert.Equal(metrics.Select(static line => (long)line.Step), events.Skip(1).Select(static one => one.Step));
        foreach (var (line, written) in metrics.Zip(events.Skip(1)))
        {
            Assert.Equal((float)line.Loss, written.Scalars["loss/total"]);
            Assert.Equal((float)line.Mse, written.Scalars["loss/mse"]);
            Assert.Equal((float)line.VariationalBound, written.Scalars["loss/vb"]);
            Assert.Equal((float)line.LearningRate, written.Scalars["optimizer/learning_rate"]);
            Assert.Equal((float)line.GradientNorm, written.Scalars["optimizer/gradient_norm"]);
            Assert.Equal((float)line.MemoryBytes, written.Scalars["speed/memory_bytes"]);
            Assert.Equal(
                line.MseByTime.OfType<double>().Select(static mean => (float)mean),
                written.Scalars.Where(static pair => pair.Key.StartsWith("mse_by_time/", StringComparison.Ordinal))
                    .OrderBy(static pair => int.Parse(pair.Key["mse_by_time/".Length..].Split('-')[0]))
                    .Select(static pair => pair.Value));
        }
    }

    [Fact]
    public void A_run_that_goes_on_starts_a_session_so_that_later_steps_are_dropped()
    {
        var run = new TrainingFolder(folder["run"]) { TensorBoard = true };
        using var model = TinyDenoiser.Create();
        new Trainer(Recipe with { Steps = 4 }, run).Run(model, ColorSet.Of());
        foreach (var file in Directory.GetFiles(folder["run"], "events.*")) File.Delete(file);
        new Trainer(Recipe, run).Run(model, ColorSet.Of(), from: TrainingCheckpoint.Newest(run));
        var events = Events(Assert.Single(Directory.GetFiles(folder["run"], "events.*")));
        Assert.Equal((5, true), (events[1].Step, events[1].StartsSession));
        Assert.Equal([5, 6], events.Skip(2).Select(static one => one.Step));
        Assert.DoesNotContain(events.Skip(2), static one => one.StartsSession);
    }

    [Fact]
    public void Images_are_written_as_PNG()
    {
        var image = RgbImage.Filled(7, 3, (10, 200, 30));
        using (var file = new TensorBoardFile(folder.Root, after: 0)) file.Write(300, "samples", image);
        var written = Events(Assert.Single(Directory.GetFiles(folder.Root, "events.*")))[1];
        Assert.Equal(300, written.Step);
        var (tag, height, width, colors, png) = Assert.Single(written.Images);
        Assert.Equal(("samples", 3, 7, 3), (tag, height, width, colors));
        File.WriteAllBytes(folder["a.png"], png);
        Assert.Equal(image.Pixels.ToArray(), ImageFile.Read(folder["a.png"]).Pixels.ToArray());
    }

    [Fact]
    public void Without_the_option_there_is_no_event_file()
    {
        using var model = TinyDenoiser.Create();
        new Trainer(Recipe, new TrainingFolder(folder["run"])).Run(model, ColorSet.Of());
        Assert.Empty(Directory.GetFiles(folder["run"], "events.*"));
    }

    private sealed record Event(
        double WallTime,
        long Step,
        string? FileVersion,
        bool StartsSession,
        Dictionary<string, float> Scalars,
        List<(string Tag, int Height, int Width, int Colors, byte[] Png)> Images);

    private static List<Event> Events(string path) => [.. Records(File.ReadAllBytes(path)).Select(Read)];

    private static IEnumerable<byte[]> Records(byte[] file)
    {
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file[at..(at + 8)]), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            var content = file[(at + 12)..(at + 12 + length)];
            Assert.Equal(Masked(content), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            yield return content;
            at += 16 + length;
        }
    }

    private static Event Read(byte[] message)
    {
        var read = new Event(0, 0, null, false, [], []);
        foreach (var (field, number, bytes) in Fields(message))
            read = field switch
            {
                1 => read with { WallTime = BitConverter.UInt64BitsToDouble(number) },
                2 => read with { Step = (long)number },
                3 => read with { FileVersion = Encoding.UTF8.GetString(bytes) },
                5 => WithSummary(read, bytes),
                7 => read with { StartsSession = Fields(bytes).Single() is (1, 1, _) },
                _ => throw new InvalidDataException($"The event has a field {field}."),
            };
        return read;
    }

    private static Event WithSummary(Event read, byte[] summary)
    {
        foreach (var (_, _, value) in Fields(summary))
        {
            var parts = Fields(value).ToDictionary(static part => part.Field);
            var tag = Encoding.UTF8.GetString(parts[1].Bytes);
            if (parts.TryGetValue(2, out var scalar)) read.Scalars.Add(tag, BitConverter.UInt32BitsToSingle((uint)scalar.Number));
            if (!parts.TryGetValue(4, out var image)) continue;
            var inside = Fields(image.Bytes).ToDictionary(static part => part.Field);
            read.Images.Add((tag, (int)inside[1].Number, (int)inside[2].Number, (int)inside[3].Number, inside[4].Bytes));
        }
        return read;
    }

    private static List<(int Field, ulong Number, byte[] Bytes)> Fields(byte[] message)
    {
        var fields = new List<(int, ulong, byte[])>();
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message, ref at);
            var (field, type) = ((int)(key >> 3), (int)(key & 7));
            switch (type)
            {
                case 0:
                    fields.Add((field, Varint(message, ref at), []));
                    break;
                case 1:
                    fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at)), []));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    fields.Add((field, 0, message[at..(at + length)]));
                    at += length;
                    break;
                case 5:
                    fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at)), []));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"There is no type {type}.");
            }
        }
        return fields;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0ul;
        for (var shift = 0; ; shift += 7)
        {
            var one = message[at++];
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80) return value;
        }
    }

    private static uint Masked(byte[] bytes) => BitwiseCrc(bytes) is var crc ? ((crc >> 15) | (crc << 17)) + 0xa282ead8 : 0;

    private static uint BitwiseCrc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0x82F63B78;
        }
        return ~crc;
    }
}
