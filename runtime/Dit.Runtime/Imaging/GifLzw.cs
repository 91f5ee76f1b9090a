namespace Dit.Runtime;

/// <summary>The compression of GIF (Welch 1984; GIF89a specification, appendix F): strings seen before become codes that grow from few bits to twelve.</summary>
internal ref struct GifLzw
{
    private const int MostBits = 12, MostCodes = 1 << MostBits, BlockSize = 255;
    private const int Slots = 1 << 14, Spread = 0x9e37; // of the table of strings, four times as many as there can be; how keys are scattered over them

    private readonly Stream stream;
    private readonly int symbolBits;
    private readonly int[] keys = new int[Slots]; // string and symbol, plus one; 0 is a free slot
    private readonly short[] codes = new short[Slots];
    private readonly byte[] block = new byte[1 + BlockSize]; // its length comes first
    private uint pending; // bits that do not fill a byte yet
    private int pendingBits, blockLength, codeBits, nextCode;

    private GifLzw(Stream stream, int symbolBits) => (this.stream, this.symbolBits) = (stream, symbolBits);

    private readonly int Clear => 1 << symbolBits;

    private readonly int End => Clear + 1;

    /// <summary>Writes symbols as the data of one image, its length blocks included.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="symbols">At least one.</param>
    /// <param name="symbolBits">Bits of a symbol, 2 to 8.</param>
    public static void Compress(Stream stream, ReadOnlySpan<byte> symbols, int symbolBits)
    {
        stream.WriteByte((byte)symbolBits);
        new GifLzw(stream, symbolBits).Run(symbols);
        stream.WriteByte(0); // no further block
    }

    private void Run(ReadOnlySpan<byte> symbols)
    {
        Forget();
        Put(Clear);
        int known = symbols[0]; // the code of the string read so far
        foreach (var symbol in symbols[1..])
        {
            var slot = SlotOf(known, symbol);
            if (keys[slot] != 0)
            {
                known = codes[slot];
                continue;
            }
            Put(known);
            if (nextCode < MostCodes) Learn(slot, Key(known, symbol));
            else
            {
                Put(Clear);
                Forget();
            }
            known = symbol;
        }
        Put(known);
        Grow(); // a reader learns one string more at this point
        Put(End);
        Flush();
    }

    private void Forget()
    {
        Array.Clear(keys);
        (codeBits, nextCode) = (symbolBits + 1, End + 1);
    }

    private void Learn(int slot, int key)
    {
        (keys[slot], codes[slot]) = (key, (short)nextCode);
        Grow();
        nextCode++;
    }

    private void Grow()
    {
        if (nextCode == 1 << codeBits && codeBits < MostBits) codeBits++;
    }

    private static int Key(int known, byte symbol) => (known << 8 | symbol) + 1;

    /// <summary>Where the string is in the table, or else the free slot where it would be.</summary>
    private readonly int SlotOf(int known, byte symbol)
    {
        var key = Key(known, symbol);
        var slot = (int)((uint)(key * Spread) >> 4) & (Slots - 1);
        while (keys[slot] != 0 && keys[slot] != key) slot = (slot + 1) & (Slots - 1);
        return slot;
    }

    private void Put(int code)
    {
        pending |= (uint)code << pendingBits;
        for (pendingBits += codeBits; pendingBits >= 8; pendingBits -= 8, pending >>= 8) Byte((byte)pending);
    }

    private void Flush()
    {
        if (pendingBits > 0) Byte((byte)pending);
        if (blockLength > 0) Block();
    }

    private void Byte(byte value)
    {
        block[++blockLength] = value;
        if (blockLength == BlockSize) Block();
    }

    private void Block()
    {
        block[0] = (byte)blockLength;
        stream.Write(block.AsSpan(0, 1 + blockLength));
        blockLength = 0;
    }
}
