using System.Runtime.InteropServices;
using Dit.Checkpoints;

namespace Dit.Kernels;

/// <summary>
/// Floats outside the managed heap, aligned to 64 bytes; kept and used again, so that a step of a loop allocates
/// nothing.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private const int MostInSpan = 1 << 28;
    private static long live;

    private float* start;

    /// <summary>Allocates.</summary>
    /// <param name="length">Floats.</param>
    /// <param name="zeroed">Whether they are zero at first; what is written as a whole need not be.</param>
    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    public NativeBuffer(long length, bool zeroed = true)
    {
        Length = length;
        start = (float*)NativeMemory.AlignedAlloc(checked((nuint)length * sizeof(float)), Alignment);
        Interlocked.Add(ref live, Bytes);
        for (long at = 0; zeroed && at < length; at += MostInSpan)
        {
            var piece = Math.Min(MostInSpan, length - at);
            Populate(start + at, piece);
            new Span<float>(start + at, (int)piece).Clear();
        }
    }

    ~NativeBuffer() => Free();

    /// <summary>Bytes of all buffers that are not freed.</summary>
    public static long LiveBytes => Interlocked.Read(ref live);

    /// <summary>Floats.</summary>
    public long Length { get; }

    /// <summary>Bytes.</summary>
    public long Bytes => Length * sizeof(float);

    /// <summary>The first float.</summary>
    public float* Start => start is not null ? start : throw new ObjectDisposedException(nameof(NativeBuffer));

    /// <summary>All of it, where it is not longer than a span can be.</summary>
    public Span<float> Span => new(Start, checked((int)Length));

    /// <summary>
    /// Asks for the pages of memory that is about to be written for the first time; no more than two billion bytes at
    /// once.
    /// </summary>
    public static void Populate(float* start, long length) =>
        FreshMemory.Populate(new Span<byte>(start, checked((int)(length * sizeof(float)))));

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (start is null) return;
        NativeMemory.AlignedFree(start);
        start = null;
        Interlocked.Add(ref live, -Bytes);
    }
}
