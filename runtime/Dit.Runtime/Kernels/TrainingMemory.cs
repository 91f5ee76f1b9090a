using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Memory of the large tensors that a step of training makes: kept when they are freed, for those of the next step, which are of the same sizes.</summary>
/// <remarks>
/// The C library's allocator finds a place for each anew. Activations, gradients and what stays from step to step then lie ever more scattered: over the first dozen of steps the
/// process grows by half, and every new page is cleared by the system while a core waits. It is what the caching allocator of PyTorch does on a GPU. A block whose size
/// is not asked for any more is let go as soon as others are needed, see <see cref="Tensor"/>.
/// </remarks>
internal static unsafe class TrainingMemory
{
    /// <summary>Bytes from which on a tensor's memory is kept; smaller ones are libtorch's.</summary>
    public const long Fewest = 1 << 18;

    private const int Header = 64; // bytes before the numbers: the block's length in the first eight, and the numbers on a line of the cache

    private static readonly Lock gate = new();
    private static readonly Dictionary<long, Stack<nint>> free = []; // by length
    private static readonly delegate* unmanaged[Cdecl]<void*, delegate* unmanaged[Cdecl]<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint> FromBlob = Find();
    private static long used, kept;

    /// <summary>Bytes of tensors that are alive.</summary>
    public static long UsedBytes => Interlocked.Read(ref used);

    /// <summary>Bytes that wait for the next tensor of their size.</summary>
    public static long KeptBytes => Interlocked.Read(ref kept);

    /// <summary>A dense float32 tensor on the processor, not set yet. Where there is none of its size, and more is kept than used, sizes have changed, and what is kept is freed first.</summary>
    /// <param name="shape">Its shape.</param>
    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    public static Tensor Tensor(params ReadOnlySpan<long> shape)
    {
        var bytes = (long)sizeof(float);
        foreach (var length in shape) bytes = checked(bytes * length);
        if (bytes < Fewest || FromBlob is null) return empty(shape, ScalarType.Float32, CPU);
        var data = (void*)Take(bytes);
        fixed (long* sizes = shape)
        {
            var handle = FromBlob(data, &GiveBack, sizes, shape.Length, (sbyte)ScalarType.Float32, (sbyte)ScalarType.Float32, (int)DeviceType.CPU, -1, 0);
            if (handle != 0) return torch.Tensor.UnsafeCreateTensor(handle);
        }
        torch.CheckForErrors(); // the block is left: nobody can tell whether the tensor that failed has given it back
        throw new InvalidOperationException("libtorch made no tensor of the memory it was given.");
    }

    /// <summary>Frees what is kept.</summary>
    public static void Trim()
    {
        lock (gate)
        {
            foreach (var blocks in free.Values)
                foreach (var block in blocks) NativeMemory.AlignedFree((void*)block);
            free.Clear();
            kept = 0;
        }
    }

    private static nint Take(long bytes)
    {
        lock (gate)
        {
            if (free.TryGetValue(bytes, out var blocks) && blocks.TryPop(out var block))
            {
                kept -= bytes;
                used += bytes;
                return block + Header;
            }
            if (kept > used) Trim();
            used += bytes;
        }
        try
        {
            return Allocate(bytes);
        }
        catch
        {
            lock (gate) used -= bytes;
            throw;
        }
    }

    private static nint Allocate(long bytes)
    {
        var block = (byte*)NativeMemory.AlignedAlloc(checked((nuint)bytes + Header), Header);
        if (bytes <= int.MaxValue) FreshMemory.Populate(new Span<byte>(block + Header, (int)bytes));
        *(long*)block = bytes;
        return (nint)(block + Header);
    }

    // By whoever holds the tensor last: libtorch's threads, the finalizer. It may not throw.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void GiveBack(void* data)
    {
        var block = (nint)data - Header;
        var bytes = *(long*)block;
        lock (gate)
        {
            if (!free.TryGetValue(bytes, out var blocks)) free[bytes] = blocks = new();
            blocks.Push(block);
            used -= bytes;
            kept += bytes;
        }
    }

    // The library below TorchSharp, which is loaded already: its entry takes who frees the memory, that of TorchSharp does not.
    private static delegate* unmanaged[Cdecl]<void*, delegate* unmanaged[Cdecl]<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint> Find() =>
        NativeLibrary.TryLoad("LibTorchSharp", typeof(torch).Assembly, null, out var library) && NativeLibrary.TryGetExport(library, "THSTensor_new", out var address)
            ? (delegate* unmanaged[Cdecl]<void*, delegate* unmanaged[Cdecl]<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint>)address
            : null;
}
