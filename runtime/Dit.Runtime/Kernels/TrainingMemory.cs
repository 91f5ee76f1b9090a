using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dit.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>
/// Memory of the large tensors that a step of training makes: kept when they are freed, for those of the next step,
/// which have the same sizes.
/// </summary>
/// <remarks>
/// The C library's allocator finds a new place for each. Activations, gradients and what stays from step to step then
/// lie ever more scattered: over the first dozen steps the process grows by half, and the system clears every new page
/// while a core waits. This is what PyTorch's caching allocator does on a GPU. A run of training owns one.
/// After <see cref="Dispose"/> nothing is kept, and tensors that are still alive free their memory when they end.
/// </remarks>
internal sealed unsafe class TrainingMemory : IDisposable
{
    /// <summary>Bytes from which on a tensor's memory is kept; smaller tensors have libtorch's memory.</summary>
    public const long Smallest = 1 << 18;

    private const int Header = 64; // bytes before the numbers, which begin a line of the cache: see Block

    private static readonly delegate* unmanaged[Cdecl]<
        void*, delegate* unmanaged[Cdecl]<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint> FromBlob = Find();

    private readonly Lock gate = new(); // of those who take; who gives back needs none
    private readonly Dictionary<long, Shelf> shelves = []; // by bytes
    private long used, kept;
    private volatile bool isDisposed;

    ~TrainingMemory() => Trim(); // the tensors of one that was forgotten are gone: each of them keeps it alive

    /// <summary>Bytes of tensors that are alive.</summary>
    public long UsedBytes => Interlocked.Read(ref used);

    /// <summary>Bytes that wait for the next tensor of their size.</summary>
    public long KeptBytes => Interlocked.Read(ref kept);

    /// <summary>A dense float32 tensor on the CPU, whose numbers are still to be written.</summary>
    /// <remarks>
    /// Where none of its size is kept, and more is kept than used, the sizes have changed: what is kept is freed first.
    /// </remarks>
    /// <param name="shape">Its shape.</param>
    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    public Tensor Empty(params ReadOnlySpan<long> shape)
    {
        var bytes = (long)sizeof(float);
        foreach (var length in shape) bytes = checked(bytes * length);
        if (bytes < Smallest || FromBlob is null || isDisposed) return empty(shape, ScalarType.Float32, CPU);
        var data = (void*)(Take(bytes) + Header);
        fixed (long* sizes = shape)
        {
            const sbyte type = (sbyte)ScalarType.Float32;
            var handle = FromBlob(data, &GiveBack, sizes, shape.Length, type, type, (int)DeviceType.CPU, -1, 0);
            if (handle != 0) return Tensor.UnsafeCreateTensor(handle);
        }
        CheckForErrors(); // the block is left: nobody can tell whether the tensor that failed has given it back
        throw new InvalidOperationException("libtorch made no tensor of the memory it was given.");
    }

    /// <summary>Frees what is kept.</summary>
    public void Trim()
    {
        lock (gate)
        {
            foreach (var shelf in shelves.Values) shelf.Clear();
        }
    }

    /// <summary>Frees what is kept, and keeps nothing from now on.</summary>
    public void Dispose()
    {
        isDisposed = true;
        Trim();
    }

    private nint Take(long bytes)
    {
        lock (gate)
        {
            if (!shelves.TryGetValue(bytes, out var shelf)) shelves[bytes] = shelf = new(this, bytes);
            var handle = GCHandle.ToIntPtr(GCHandle.Alloc(shelf));
            try
            {
                var block = shelf.TryTake();
                if (block is null && KeptBytes > UsedBytes) Trim();
                if (block is null) block = Allocate(bytes);
                block->Shelf = handle;
                Interlocked.Add(ref used, bytes);
                return (nint)block;
            }
            catch
            {
                GCHandle.FromIntPtr(handle).Free();
                throw;
            }
        }
    }

    private static Block* Allocate(long bytes)
    {
        var block = (byte*)NativeMemory.AlignedAlloc(checked((nuint)bytes + Header), Header);
        if (bytes <= int.MaxValue) NativeBuffer.Populate((float*)(block + Header), bytes / sizeof(float));
        return (Block*)block;
    }

    // By whoever holds the tensor last: libtorch's threads, the finalizer. It may not throw, so it allocates nothing
    // and waits for nobody.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void GiveBack(void* data)
    {
        var block = (Block*)((byte*)data - Header);
        var handle = GCHandle.FromIntPtr(block->Shelf);
        Unsafe.As<Shelf>(handle.Target)?.Return(block);
        handle.Free(); // until here it keeps the shelf alive
    }

    // TorchSharp's own entry does not say who frees the memory; the library below it, which is loaded already, has one
    // that does.
    private static delegate* unmanaged[Cdecl]<
        void*, delegate* unmanaged[Cdecl]<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint> Find() =>
        NativeLibrary.TryLoad("LibTorchSharp", typeof(torch).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, "THSTensor_new", out var address)
            ? (delegate* unmanaged[Cdecl]<
                void*, delegate* unmanaged[Cdecl]<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint>)address
            : null;

    /// <summary>What lies before a tensor's numbers.</summary>
    private struct Block
    {
        /// <summary>While a tensor uses the block: a handle of the shelf that it goes back to.</summary>
        public nint Shelf;

        /// <summary>While the block is kept: the address of the next one on its shelf.</summary>
        public nint Next;
    }

    /// <summary>
    /// The kept blocks of one size: a stack, linked through the blocks themselves. One thread takes at a time, any
    /// number give back.
    /// </summary>
    private sealed class Shelf(TrainingMemory owner, long bytes)
    {
        private nint first;

        /// <summary>The block that came back last; null where none is kept.</summary>
        public Block* TryTake()
        {
            var block = Volatile.Read(ref first);
            while (block != 0)
            {
                var seen = Interlocked.CompareExchange(ref first, ((Block*)block)->Next, block);
                if (seen == block)
                {
                    Interlocked.Add(ref owner.kept, -bytes);
                    return (Block*)block;
                }
                block = seen;
            }
            return null;
        }

        /// <summary>Takes a block back.</summary>
        public void Return(Block* block)
        {
            Interlocked.Add(ref owner.used, -bytes);
            if (owner.isDisposed)
            {
                NativeMemory.AlignedFree(block);
                return;
            }
            Interlocked.Add(ref owner.kept, bytes);
            var seen = Volatile.Read(ref first);
            do block->Next = seen;
            while ((seen = Interlocked.CompareExchange(ref first, (nint)block, block->Next)) != block->Next);
        }

        /// <summary>Frees what is kept.</summary>
        public void Clear()
        {
            for (var block = Interlocked.Exchange(ref first, 0); block != 0;)
            {
                var next = ((Block*)block)->Next;
                NativeMemory.AlignedFree((void*)block);
                Interlocked.Add(ref owner.kept, -bytes);
                block = next;
            }
        }
    }
}
