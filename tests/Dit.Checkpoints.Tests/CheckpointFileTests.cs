namespace Dit.Checkpoints.Tests;

public sealed class CheckpointFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("torch/state.pt")]
    [InlineData("dit/dit-p8.safetensors")]
    public void Several_threads_read_one_file_at_once(string name)
    {
        using var file = CheckpointFile.Open(GoldenFile.Path(name));
        string[] names = [.. file.Tensors.Keys];
        byte[][] wanted = [.. names.Select(Bytes)];
        Parallel.For(0, 20 * names.Length, i => Assert.Equal(wanted[i % names.Length], Bytes(names[i % names.Length])));

        byte[] Bytes(string tensor)
        {
            using var read = file.Read(tensor);
            return read.bytes.ToArray();
        }
    }

    [Fact]
    public void A_file_is_known_by_its_content_and_not_by_its_name()
    {
        var torch = folder.Write("weights.safetensors", GoldenFile.Bytes("dit/dit-p2.state_dict.pt"));
        var safe = folder.Write("weights.pt", GoldenFile.Bytes("dit/dit-p8.safetensors"));
        using (var file = CheckpointFile.Open(torch))
            Assert.IsType<TorchArchive>(file);
        using (var file = CheckpointFile.Open(safe))
            Assert.IsType<SafeTensorsFile>(file);
        using (var file = CheckpointFile.Open(folder.Write("weights.json", GoldenFile.Bytes("torch/state.legacy.pt"))))
            Assert.IsType<LegacyTorchFile>(file);
    }

    [Fact]
    public void A_safetensors_file_whose_length_reads_as_a_brace_is_no_index()
    {
        // A header of 123 bytes: the file begins with '{'.
        byte[] header = [.. "{}"u8, .. Enumerable.Repeat((byte)' ', 121)];
        using var file = CheckpointFile.Open(folder.Write("a", [123, 0, 0, 0, 0, 0, 0, 0, .. header]));
        Assert.IsType<SafeTensorsFile>(file);
    }

    [Fact]
    public void A_tar_archive_of_the_first_PyTorch_is_refused_as_one()
    {
        var tar = new byte[1024];
        "storages"u8.CopyTo(tar);
        "ustar"u8.CopyTo(tar.AsSpan(257));
        Assert.Contains("tar archive", Assert.Throws<DitException>(() => CheckpointFile.Open(folder.Write("a", tar))).Message);
    }

    [Theory]
    [InlineData("80027d71002e", "bare Python pickle")]
    [InlineData("80049500000000", "bare Python pickle")]
    [InlineData("1f8b0800", "gzip")]
    [InlineData("894844460d0a1a0a", "HDF5")]
    [InlineData("47475546", "GGUF")]
    [InlineData("3c21444f43545950453e", "web page")]
    [InlineData("76657273696f6e2068747470733a2f2f6769742d6c66732e", "Git LFS")]
    [InlineData("48656c6c6f2c20776f726c64", "text 'Hello, w'")]
    [InlineData("00", "bytes 00")]
    [InlineData("ffffffffffffffff7b7d", "bytes ffffffffffffffff")]
    public void Any_other_file_is_refused_with_what_it_looks_like_and_what_is_accepted(string hex, string looks)
    {
        var path = folder.Write("a", Convert.FromHexString(hex));
        var e = Assert.Throws<DitException>(() => CheckpointFile.Open(path));
        Assert.Contains(looks, e.Message);
        Assert.Contains("safetensors", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void A_missing_file_an_empty_file_and_a_folder_are_told_apart()
    {
        Assert.Equal($"There is no file '{folder["no"]}'.", Assert.Throws<DitException>(() => CheckpointFile.Open(folder["no"])).Message);
        Assert.Contains("is empty", Assert.Throws<DitException>(() => CheckpointFile.Open(folder.Write("a", []))).Message);
        Assert.Contains("is a folder without a checkpoint", Assert.Throws<DitException>(() => CheckpointFile.Open(folder.Root)).Message);
        Assert.Contains("path", Assert.Throws<DitException>(() => CheckpointFile.Open("")).Message);
    }

    [Fact]
    public void A_refused_file_is_closed()
    {
        var path = folder.Write("a", "PK but no archive"u8.ToArray());
        Assert.Throws<DitException>(() => CheckpointFile.Open(path));
        using var alone = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.CanWrite);
    }
}
