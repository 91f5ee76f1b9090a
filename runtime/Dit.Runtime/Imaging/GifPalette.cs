namespace Dit.Runtime;

/// <summary>At most 256 colours for many pictures, and the nearest of them to any colour.</summary>
internal sealed class GifPalette
{
    private const int Most = 256, AllColours = 1 << 24;
    private const int BinBits = 5; // of each channel, where colours are counted together
    private const double FlatShare = 0.005; // of all pixels: a colour that fills so much is kept as it is
    private const int MostFlat = 16;

    private readonly (byte R, byte G, byte B)[] colours;
    private readonly Oklab[] seen;
    private readonly Dictionary<int, int> entries; // of each colour of the palette
    private readonly Lazy<short[]> nearest = new(static () => new short[AllColours]); // of any other, plus one; 0 where nobody asked yet

    private GifPalette((byte R, byte G, byte B)[] colours)
    {
        this.colours = colours;
        entries = colours.Distinct().ToDictionary(static colour => Pack(colour.R, colour.G, colour.B), colour => Array.IndexOf(colours, colour));
        seen = [.. colours.Select(static colour => Oklab.Of(colour.R, colour.G, colour.B))];
    }

    /// <summary>The colours, 1 to 256.</summary>
    public IReadOnlyList<(byte R, byte G, byte B)> Colours => colours;

    /// <summary>The palette of these pictures.</summary>
    public static GifPalette Of(IReadOnlyList<RgbImage> images) => new(Few(images) ?? Reduced(images));

    /// <summary>All colours, where they are few enough; else null.</summary>
    private static (byte R, byte G, byte B)[]? Few(IEnumerable<RgbImage> images)
    {
        var found = new HashSet<int>();
        foreach (var image in images)
            for (var i = 0; i < image.Data.Length; i += 3)
                if (found.Add(Pack(image.Data[i], image.Data[i + 1], image.Data[i + 2])) && found.Count > Most) return null;
        return [.. found.Order().Select(Unpack)];
    }

    private static (byte R, byte G, byte B)[] Reduced(IEnumerable<RgbImage> images)
    {
        var counts = new int[AllColours];
        var pixels = 0L;
        foreach (var image in images)
        {
            for (var i = 0; i < image.Data.Length; i += 3) counts[Pack(image.Data[i], image.Data[i + 1], image.Data[i + 2])]++;
            pixels += image.Data.Length / 3;
        }
        int[] flat = [.. Enumerable.Range(0, AllColours).Where(colour => counts[colour] > FlatShare * pixels).OrderByDescending(colour => counts[colour]).Take(MostFlat)];
        foreach (var colour in flat) counts[colour] = 0;
        return [.. flat.Select(Unpack), .. MedianCut.Reduce(Bins(counts), Most - flat.Length).Select(static colour => colour.ToRgb())];
    }

    /// <summary>The palette entry of each pixel.</summary>
    /// <param name="image">Any picture.</param>
    /// <param name="dither">Whether what the palette lacks is handed on to the neighbouring pixels (Floyd and Steinberg 1976), each row in the other direction.</param>
    public byte[] Indices(RgbImage image, bool dither)
    {
        var (width, data) = (image.Width, image.Data);
        var indices = new byte[width * image.Height];
        var (here, below) = (new int[3 * (width + 2)], new int[3 * (width + 2)]); // sixteenths, a pixel of margin at each end
        for (var y = 0; y < image.Height; y++)
        {
            var step = y % 2 == 0 ? 1 : -1;
            for (var x = step > 0 ? 0 : width - 1; x >= 0 && x < width; x += step)
            {
                var at = y * width + x;
                var index = Nearest(Pack(data[3 * at], data[3 * at + 1], data[3 * at + 2]));
                // A colour that the palette has is drawn as it is: flat areas stay flat beside pictures.
                if (dither && colours[index] != (data[3 * at], data[3 * at + 1], data[3 * at + 2])) index = Diffuse(data.AsSpan(3 * at, 3), here, below, 3 * (x + 1), 3 * step);
                indices[at] = (byte)index;
            }
            (here, below) = (below, here);
            Array.Clear(below);
        }
        return indices;
    }

    /// <summary>The entry nearest to a pixel with its share of errors, and its own error handed on.</summary>
    private int Diffuse(ReadOnlySpan<byte> pixel, int[] here, int[] below, int at, int step)
    {
        Span<int> wanted = stackalloc int[3];
        for (var c = 0; c < 3; c++) wanted[c] = Math.Clamp(pixel[c] + ((here[at + c] + 8) >> 4), 0, 255);
        var index = Nearest(Pack((byte)wanted[0], (byte)wanted[1], (byte)wanted[2]));
        ReadOnlySpan<int> given = [colours[index].R, colours[index].G, colours[index].B];
        for (var c = 0; c < 3; c++)
        {
            var error = wanted[c] - given[c];
            here[at + step + c] += 7 * error;
            below[at - step + c] += 3 * error;
            below[at + c] += 5 * error;
            below[at + step + c] += error;
        }
        return index;
    }

    private int Nearest(int colour)
    {
        if (entries.TryGetValue(colour, out var entry)) return entry;
        ref var known = ref nearest.Value[colour];
        if (known == 0) known = (short)(1 + Search(Unpack(colour)));
        return known - 1;
    }

    private int Search((byte R, byte G, byte B) colour)
    {
        var wanted = Oklab.Of(colour.R, colour.G, colour.B);
        var (best, distance) = (0, float.PositiveInfinity);
        for (var i = 0; i < seen.Length; i++)
        {
            var d = wanted.SquaredDistance(seen[i]);
            if (d < distance) (best, distance) = (i, d);
        }
        return best;
    }

    /// <summary>Near colours counted together, each group at its mean.</summary>
    private static WeightedColour[] Bins(int[] counts)
    {
        const int Shift = 8 - BinBits;
        var sums = new (long R, long G, long B, long Count)[1 << (3 * BinBits)];
        for (var colour = 0; colour < counts.Length; colour++)
        {
            var count = counts[colour];
            if (count == 0) continue;
            var (r, g, b) = Unpack(colour);
            ref var bin = ref sums[(r >> Shift) << (2 * BinBits) | (g >> Shift) << BinBits | b >> Shift];
            bin = (bin.R + (long)count * r, bin.G + (long)count * g, bin.B + (long)count * b, bin.Count + count);
        }
        return [.. sums.Where(static bin => bin.Count > 0).Select(static bin => new WeightedColour(
            Oklab.Of((double)bin.R / bin.Count, (double)bin.G / bin.Count, (double)bin.B / bin.Count), bin.Count))];
    }

    private static int Pack(byte r, byte g, byte b) => r << 16 | g << 8 | b;

    private static (byte R, byte G, byte B) Unpack(int colour) => ((byte)(colour >> 16), (byte)(colour >> 8), (byte)colour);
}
