using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>
/// A hundred thousand files of every format, changed at random: each is opened and read, or refused with one line.
/// </summary>
/// <remarks>
/// The files are the smallest that have all parts of their format, so that most changes hit one of them.
/// </remarks>
public sealed class CheckpointMutationTests : IDisposable
{
    private const string Index = "m.safetensors.index.json";
    private const string Config = "config.json";

    private readonly TemporaryFolder folder = TemporaryFolder.InMemory();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("torch/lightning.pt", 25_000)]
    [InlineData("torch/written.nested.pt", 10_000)]
    [InlineData("torch/training.legacy.pt", 15_000)]
    [InlineData("torch/lightning.legacy.pt", 15_000)]
    [InlineData("torch/lightning.expected.safetensors", 15_000)]
    public void A_mutated_file_is_read_or_refused(string golden, int times)
    {
        var whole = GoldenFile.Bytes(golden);
        AssertReadOrRefused(whole, times, bytes => folder.Write("a", bytes));
    }

    [Fact]
    public void A_mutated_index_of_shards_is_read_or_refused()
    {
        SaveShard("m-1.safetensors", "a");
        SaveShard("m-2.safetensors", "b");
        var whole = """{"metadata":{"total_size":16},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"""u8.ToArray();
        AssertReadOrRefused(whole, 10_000, bytes => folder.Write(Index, bytes));
    }

    [Fact]
    public void Mutated_settings_of_a_folder_are_read_or_refused()
    {
        SaveShard("diffusion_pytorch_model.safetensors", "a");
        var whole =
            """{"_class_name":"DiTTransformer2DModel","sizes":[1,2.5e3],"inner":{"flag":true,"none":null,"\u00e9":"\n"}}"""u8.ToArray();
        AssertReadOrRefused(whole, 10_000, bytes =>
        {
            folder.Write(Config, bytes);
            return folder.Root;
        });
    }

    private void SaveShard(string file, string name)
    {
        using var values = ones(2);
        SafeTensors.Save(folder[file], [(name, values)]);
    }

    private static void AssertReadOrRefused(byte[] whole, int times, Func<byte[], string> write)
    {
        var random = new Random(whole.Length);
        var before = LiveTensors.Count();
        var (read, refused) = (0, 0);
        for (var i = 0; i < times; i++)
        {
            var bytes = Mutated(random, whole);
            var path = write(bytes);
            try
            {
                using var file = CheckpointFile.Open(path);
                foreach (var name in file.Tensors.Keys)
                    file.Read(name).Dispose();
                read++;
            }
            catch (DitException e)
            {
                Assert.False(e.Message.AsSpan().ContainsAny('\n', '\r'), e.Message);
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"{e.GetType().Name} at {i}, of the file {Convert.ToBase64String(bytes)}: {e}");
            }
        }
        // Mutations that are never noticed, or always, would show that this test looks at nothing.
        Assert.True(read > times / 100, $"{read} read");
        Assert.True(refused > times / 4, $"{refused} refused");
        Assert.Equal(before, LiveTensors.Count());
    }

    private static byte[] Mutated(Random random, byte[] whole)
    {
        var bytes = (byte[])whole.Clone();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(7))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)255; break;
                case 3:
                    bytes.AsSpan(at, Math.Min(random.Next(1, 9), bytes.Length - at)).Fill(random.Next(2) == 0 ? (byte)0xff : (byte)'9');
                    break;
                case 4: // a piece twice
                    bytes = [.. bytes[..at], .. bytes[Math.Max(0, at - random.Next(1, 40))..]];
                    break;
                case 5: // a piece left out
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 40))..]];
                    break;
                default: // a piece over another
                    var count = random.Next(1, Math.Min(32, bytes.Length - at + 1));
                    Array.Copy(bytes, random.Next(bytes.Length - count + 1), bytes, at, count);
                    break;
            }
            if (bytes.Length == 0)
                return whole;
        }
        return bytes;
    }
}
