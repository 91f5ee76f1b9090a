using System.Buffers.Binary;

namespace Dit.Checkpoints.Tests;

/// <summary>
/// Files changed at random, byte by byte and piece by piece: opened and read, or refused with a <see
/// cref="DitException"/>.
/// </summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_mutated_safetensors_file_is_read_or_refused()
    {
        var whole = GoldenFile.Bytes("dit/dit-p8.safetensors");
        var header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        // The elements take any bytes: the header is where a change matters.
        AssertReadOrRefused(whole, seed: 1, times: 1500, [(0, 8), (8, header - 8)]);
    }

    [Fact]
    public void A_mutated_PyTorch_file_is_read_or_refused()
    {
        var whole = GoldenFile.Bytes("dit/dit-p2.state_dict.pt");
        AssertReadOrRefused(whole, seed: 2, times: 2000, [(0, 64), (64, 4637), (whole.Length - 4000, 3900), (whole.Length - 100, 100)]);
    }

    [Fact]
    public void A_mutated_training_checkpoint_is_read_or_refused()
    {
        var whole = GoldenFile.Bytes("dit/dit-p2.train_checkpoint.pt");
        AssertReadOrRefused(whole, seed: 3, times: 300, [(64, 17_618), (whole.Length - 18_000, 18_000)]);
    }

    private void AssertReadOrRefused(byte[] whole, int seed, int times, (int Start, int Length)[] regions)
    {
        var random = new Random(seed);
        var (read, refused) = (0, 0);
        for (var i = 0; i < times; i++)
        {
            var path = folder.Write("a", Mutate(random, whole, regions));
            try
            {
                using var file = CheckpointFile.Open(path);
                foreach (var name in file.Tensors.Keys)
                    file.Read(name).Dispose();
                read++;
            }
            catch (DitException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
        }
        // Mutations that are never noticed, or always, would show that this test looks at nothing.
        Assert.True(read > times / 100, $"{read} read");
        Assert.True(refused > times / 4, $"{refused} refused");
    }

    private static byte[] Mutate(Random random, byte[] whole, (int Start, int Length)[] regions)
    {
        var bytes = (byte[])whole.Clone();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var (start, length) = regions[random.Next(regions.Length)];
            var at = start + random.Next(length);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)255; break;
                case 3: // a piece of the region over another
                    var count = Math.Min(random.Next(1, 32), start + length - at);
                    Array.Copy(whole, start + random.Next(length - count + 1), bytes, at, count);
                    break;
                case 4: // a number over what is there
                    bytes.AsSpan(at, Math.Min(8, bytes.Length - at)).Fill(random.Next(2) == 0 ? (byte)0xff : (byte)'9');
                    break;
                default: return random.Next(3) == 0 ? bytes[..random.Next(1, bytes.Length)] : bytes;
            }
        }
        return bytes;
    }
}
