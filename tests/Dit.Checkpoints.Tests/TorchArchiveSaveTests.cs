using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public sealed class TorchArchiveSaveTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The bytes that PyTorch was seen to read (golden/torch/check_written.py).</summary>
    [Fact]
    public void A_state_dict_is_written_in_the_bytes_that_PyTorch_reads()
    {
        using var source = Finite(SafeTensorsFile.Open(GoldenFile.Path("torch/state.expected.safetensors")));
        TorchArchive.Save(folder["a"], source);
        Assert.Equal(GoldenFile.Bytes("torch/written.pt"), File.ReadAllBytes(folder["a"]));
    }

    [Fact]
    public void State_dicts_under_names_are_written_in_the_bytes_that_PyTorch_reads()
    {
        using var scope = NewDisposeScope();
        using var source = SafeTensorsFile.Open(GoldenFile.Path("torch/training.expected.safetensors"));
        IEnumerable<(string, Tensor)> Group(string prefix) =>
            source.Below(prefix).Tensors.Keys.Select(name => (name, source.Read(prefix + name)));
        TorchArchive.SaveNested(folder["a"], [("model", Group("model.")), ("ema", Group("ema."))]);
        Assert.Equal(GoldenFile.Bytes("torch/written.nested.pt"), File.ReadAllBytes(folder["a"]));
        using var written = TorchArchive.Open(folder["a"]);
        foreach (var name in written.Tensors.Keys)
            TorchFixtureTests.AssertEqual(source, written, name);
        Assert.Equal(4, written.Tensors.Count);
    }

    [Fact]
    public void What_is_written_is_read_back_bit_for_bit()
    {
        using var source = Finite(TorchArchive.Open(GoldenFile.Path("torch/state.pt")));
        TorchArchive.Save(folder["a"], source);
        using var written = TorchArchive.Open(folder["a"]);
        Assert.Equal(source.Tensors.Keys, written.Tensors.Keys);
        foreach (var name in source.Tensors.Keys)
            TorchFixtureTests.AssertEqual(source, written, name);
        SafeTensors.Save(folder["b"], written);
        using var again = SafeTensorsFile.Open(folder["b"]);
        foreach (var name in source.Tensors.Keys)
            TorchFixtureTests.AssertEqual(source, again, name);
    }

    // The extremes of types, which no writer takes, are left out.
    private static ICheckpointFile Finite(ICheckpointFile file)
    {
        using var scope = NewDisposeScope();
        return file.Tensors.Keys.Where(name => NonFinite.In(file.Read(name)) is not null).ToArray()
            .Aggregate(file, static (seen, name) => seen.Without(name));
    }

    [Fact]
    public void Every_entry_is_stored_at_a_multiple_of_64_bytes_with_its_checksum()
    {
        using var scope = NewDisposeScope();
        TorchArchive.Save(folder["a"], [("weight", arange(1000f)), ("näme", ones(3, ScalarType.Bool)), ("none", zeros(0))]);
        using (var zip = ZipFile.OpenRead(folder["a"]))
        {
            Assert.Equal(["data.pkl", "byteorder", "data/0", "data/1", "data/2", "version"],
                zip.Entries.Select(e => e.FullName["archive/".Length..]));
            foreach (var entry in zip.Entries)
            {
                using var content = entry.Open();
                using var bytes = new MemoryStream();
                content.CopyTo(bytes);
                Assert.Equal(entry.Length, entry.CompressedLength);
                Assert.Equal(BitByBit(bytes.ToArray()), entry.Crc32);
            }
            using var order = new StreamReader(Assert.IsAssignableFrom<Stream>(zip.GetEntry("archive/byteorder")?.Open()));
            Assert.Equal("little", order.ReadToEnd());
        }
        using var file = SourceFile.Open(folder["a"]);
        Assert.All(StoredZip.Read(file).Values, entry => Assert.Equal(0, entry.Offset % 64));
    }

    [Fact]
    public void Strided_tensors_and_other_types_are_converted_and_none_is_left_behind()
    {
        using var grid = arange(6f).view(2, 3);
        using var turned = grid.t();
        using var count = tensor(7L);
        var before = LiveTensors.Count();
        TorchArchive.Save(folder["a"], [("turned", turned), ("count", count)], ScalarType.Float16);
        Assert.Equal(before, LiveTensors.Count());
        using var file = TorchArchive.Open(folder["a"]);
        using var read = file.Read("turned");
        Assert.Equal(ScalarType.Float16, read.dtype);
        Assert.Equal([3L, 2], read.shape);
        Assert.True(turned.half().equal(read).all().item<bool>());
        Assert.Equal(ScalarType.Int64, file.Tensors["count"].DType);
    }

    [Fact]
    public void What_has_no_place_is_refused_and_nothing_is_left()
    {
        using var one = ones(1);
        using var complex = ones(1, ScalarType.ComplexFloat32);
        Assert.Contains("'a' is taken", Refusal(() => TorchArchive.Save(folder["a"], [("a", one), ("a", one)])));
        Assert.Contains("'a' is taken", Refusal(() => TorchArchive.SaveNested(folder["a"], [("a", []), ("a", [])])));
        Assert.Contains("'z' is ComplexFloat32; the format here holds Float64, Float32",
            Refusal(() => TorchArchive.Save(folder["a"], [("z", complex)])));
        Assert.Contains("as Int64", Refusal(() => TorchArchive.Save(folder["a"], [("a", one)], ScalarType.Int64)));
        Assert.Empty(folder.Files);
    }

    [Fact]
    public void Numbers_beyond_32_bits_go_where_the_format_has_64()
    {
        // Five GiB in one entry, and a small one behind it, written to nowhere: the directory is what matters.
        using var file = new Tail(1 << 12);
        var zip = new StoredZipWriter(file);
        var piece = new byte[1 << 26];
        zip.Add("large", 5L << 30, sink =>
        {
            for (var i = 0; i < 80; i++)
                sink(piece);
        });
        zip.Add("small", [1, 2, 3]);
        zip.Finish();
        var end = file.Last;
        var eocd = end.AsSpan(end.Length - 22);
        Assert.Equal(0x06054b50u, BinaryPrimitives.ReadUInt32LittleEndian(eocd));
        Assert.Equal(uint.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(eocd[16..]));
        var end64 = end.AsSpan(end.Length - 22 - 20 - 56);
        Assert.Equal(0x06064b50u, BinaryPrimitives.ReadUInt32LittleEndian(end64));
        Assert.Equal(2, BinaryPrimitives.ReadInt64LittleEndian(end64[32..]));
        var (length, start) = (BinaryPrimitives.ReadInt64LittleEndian(end64[40..]), BinaryPrimitives.ReadInt64LittleEndian(end64[48..]));
        Assert.Equal(file.Length - 22 - 20 - 56, start + length);
        var directory = end.AsSpan(end.Length - (int)(file.Length - start), (int)length);
        Assert.Equal(uint.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(directory[24..]));
        Assert.Equal(5L << 30, BinaryPrimitives.ReadInt64LittleEndian(directory[(46 + 5 + 4)..]));
        var second = directory[(46 + 5 + 20)..];
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32LittleEndian(second[24..]));
        Assert.Equal(uint.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(second[42..]));
        Assert.InRange(BinaryPrimitives.ReadInt64LittleEndian(second[(46 + 5 + 4)..]), 5L << 30, (5L << 30) + 200);
    }

    [Theory]
    [InlineData("123456789", 0xCBF43926)]
    [InlineData("", 0)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339)]
    public void The_checksum_of_an_entry_is_that_of_the_standard(string text, uint expected)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        Assert.Equal([expected, expected], Checksums((bytes, bytes.Length), (bytes, 3)));
        Assert.Equal(expected, BitByBit(bytes));
    }

    [Fact]
    public void The_checksum_of_an_entry_is_the_same_in_whatever_pieces_it_is_written()
    {
        var random = new Random(1);
        var bytes = new byte[1000];
        random.NextBytes(bytes);
        (byte[] Content, int Piece)[] entries = [.. Enumerable.Range(0, bytes.Length + 1)
            .Select(length => (bytes[..length], random.Next(1, length + 2)))];
        Assert.Equal(entries.Select(static entry => BitByBit(entry.Content)), Checksums(entries));
    }

    // The checksums of entries that are written piece by piece, as the archive's directory has them.
    private static uint[] Checksums(params (byte[] Content, int Piece)[] entries)
    {
        using var file = new MemoryStream();
        var zip = new StoredZipWriter(file);
        for (var i = 0; i < entries.Length; i++)
        {
            var (content, piece) = entries[i];
            zip.Add($"{i}", content.Length, sink =>
            {
                foreach (var part in content.Chunk(Math.Max(1, piece)))
                    sink(part);
            });
        }
        zip.Finish();
        using var archive = new ZipArchive(file);
        return [.. archive.Entries.Select(static entry => entry.Crc32)];
    }

    [Fact]
    public void Extra_files_are_entries_of_the_archive_and_metadata_when_it_is_read()
    {
        using var scope = NewDisposeScope();
        (string, Tensor)[] tensors = [("x", arange(3f))];
        var notes = new Dictionary<string, string> { ["notes.txt"] = "größer\n", ["a.yaml"] = "a: 1" };
        TorchArchive.Save(folder["a"], tensors, extraFiles: notes);
        using (var zip = ZipFile.OpenRead(folder["a"]))
            Assert.Equal(["extra/a.yaml", "extra/notes.txt"], zip.Entries.Select(static entry => entry.FullName["archive/".Length..])
                .Where(static name => name.StartsWith("extra/", StringComparison.Ordinal)));
        using var file = CheckpointFile.Open(folder["a"]);
        Assert.Equal(notes, file.Metadata);

        // From file to file those named like YAML files are kept, and none where none are wanted.
        TorchArchive.Save(folder["b"], file);
        TorchArchive.Save(folder["c"], file, extraFiles: new Dictionary<string, string>());
        using var copy = CheckpointFile.Open(folder["b"]);
        using var bare = CheckpointFile.Open(folder["c"]);
        Assert.Equal(["a.yaml"], copy.Metadata.Keys);
        Assert.Empty(bare.Metadata);
    }

    [Theory]
    [InlineData("a/b.txt")]
    [InlineData("..\\b")]
    [InlineData("")]
    [InlineData("a\nb")]
    public void An_extra_file_has_a_plain_name(string name)
    {
        using var one = ones(1);
        Assert.Contains("is not a plain name", Refusal(() =>
            TorchArchive.Save(folder["a"], [("x", one)], extraFiles: new Dictionary<string, string> { [name] = "text" })));
        Assert.Contains("at most 16 extra files are allowed, and 17 are given", Refusal(() => TorchArchive.Save(
            folder["a"], [("x", one)], extraFiles: Enumerable.Range(0, 17).ToDictionary(static i => $"{i}", static _ => ""))));
        Assert.Empty(folder.Files);
    }

    private static uint BitByBit(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
    }

    private static string Refusal(Action act) => Assert.Throws<DitException>(act).Message;

    /// <summary>Forgets all but the last bytes that are written to it.</summary>
    private sealed class Tail(int kept) : Stream
    {
        private long _length;

        public byte[] Last { get; private set; } = [];

        public override long Length => _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _length += buffer.Length;
            byte[] all = [.. Last, .. buffer[Math.Max(0, buffer.Length - kept)..]];
            Last = all[Math.Max(0, all.Length - kept)..];
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
