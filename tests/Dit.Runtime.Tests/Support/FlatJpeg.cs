namespace Dit.Runtime.Tests;

/// <summary>
/// JPEG files of one color, made bit by bit (ITU-T T.81): for the kinds that encoders at hand do not write.
/// </summary>
internal static class FlatJpeg
{
    private const int Categories = 12, CategoryBits = 4;

    /// <summary>A file of one color.</summary>
    /// <param name="width">X, in pixels.</param>
    /// <param name="height">Y, in pixels.</param>
    /// <param name="values">The value of each component: luma and chroma, or inks.</param>
    /// <param name="adobe">The transform of Adobe's marker, or null for no such marker.</param>
    /// <param name="isProgressive">Whether it is written as the one scan of a progressive file.</param>
    public static byte[] Of(int width, int height, byte[] values, byte? adobe = null, bool isProgressive = false)
    {
        List<byte> file = [0xff, 0xd8];
        if (adobe is { } transform) Segment(0xee, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]);
        Segment(0xdb, [0, .. Enumerable.Repeat((byte)1, 64)]);
        Segment(
            (byte)(isProgressive ? 0xc2 : 0xc0),
            [
                8,
                .. Word(height),
                .. Word(width),
                (byte)values.Length,
                .. values.SelectMany(static (_, i) => new byte[] { (byte)(i + 1), 0x11, 0 }),
            ]);
        Segment(0xc4, [0x00, 0, 0, 0, Categories, .. new byte[12], .. Enumerable.Range(0, Categories).Select(static i => (byte)i)]);
        Segment(0xc4, [0x10, 1, .. new byte[15], 0]);
        Segment(
            0xda,
            [
                (byte)values.Length,
                .. values.SelectMany(static (_, i) => new byte[] { (byte)(i + 1), 0 }),
                0,
                (byte)(isProgressive ? 0 : 63),
                0,
            ]);
        file.AddRange(Scan((width + 7) / 8 * ((height + 7) / 8), values, isProgressive));
        return [.. file, 0xff, 0xd9];

        void Segment(byte marker, byte[] content) => file.AddRange([0xff, marker, .. Word(content.Length + 2), .. content]);
        static byte[] Word(int value) => [(byte)(value >> 8), (byte)value];
    }

    /// <summary>
    /// Blocks that are all mean: the first says how far it is from gray, the others that nothing changes.
    /// </summary>
    private static IEnumerable<byte> Scan(int blocks, byte[] values, bool isProgressive)
    {
        var bits = new List<bool>();
        for (var block = 0; block < blocks; block++)
            foreach (var value in values)
            {
                var step = block == 0 ? 8 * (value - 128) : 0;
                var category = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)Math.Abs(step));
                Put(category, CategoryBits);
                Put(step < 0 ? step + (1 << category) - 1 : step, category);
                if (!isProgressive) Put(0, 1); // the end of the block
            }
        while (bits.Count % 8 != 0) bits.Add(true);
        foreach (var eight in bits.Chunk(8))
        {
            var one = (byte)eight.Aggregate(0, static (sum, bit) => sum << 1 | (bit ? 1 : 0));
            yield return one;
            if (one == 0xff) yield return 0;
        }

        void Put(int value, int count)
        {
            for (var i = count - 1; i >= 0; i--) bits.Add((value >> i & 1) == 1);
        }
    }
}
