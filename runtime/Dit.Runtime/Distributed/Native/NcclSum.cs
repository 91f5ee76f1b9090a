using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The sum of tensors over all processes by NCCL, where each process has a CUDA device of its own.</summary>
/// <remarks>
/// The functions of <c>libnccl.so.2</c>, which PyTorch's CUDA packages bring along (nccl.h of NVIDIA's documentation).
/// The sums are enqueued on libtorch's stream, in place, so they follow the kernels that make the gradients, and the
/// next kernels follow them.
/// </remarks>
internal sealed unsafe class NcclSum : IGradientSum
{
    private const int Float32 = 7, Add = 0; // ncclFloat32, ncclSum

    private readonly Functions functions;
    private readonly nint communicator;
    private readonly int device;

    private NcclSum(Functions functions, nint communicator, int device) =>
        (this.functions, this.communicator, this.device) = (functions, communicator, device);

    /// <summary>Joins the processes of a group.</summary>
    /// <param name="processes">The group.</param>
    /// <param name="device">The device of this process.</param>
    /// <returns>Null in all processes where one of them has no NCCL or no CUDA device.</returns>
    /// <exception cref="InvalidOperationException">NCCL does not connect the processes.</exception>
    public static NcclSum? TryCreate(ProcessGroup processes, Device device)
    {
        var functions = device.type == DeviceType.CUDA ? Functions.TryLoad() : null;
        if (processes.Any(functions is null) || functions is null) return null;
        var index = Math.Max(0, device.index);
        nint communicator = 0;
        processes.Post(all => communicator = functions.Connect(all, processes.Rank, processes.Size, index)).GetAwaiter().GetResult();
        return new(functions, communicator, index);
    }

    /// <inheritdoc/>
    public void Sum(Collectives all, IReadOnlyList<Tensor> gradients, long count)
    {
        nint stream;
        _ = functions.Stream(device, &stream);
        Check(functions.GroupStart(), "ncclGroupStart");
        foreach (var gradient in gradients)
        {
            void* numbers;
            _ = functions.Address(gradient.Handle, &numbers);
            Check(functions.AllReduce(numbers, numbers, (nuint)gradient.numel(), Float32, Add, communicator, stream), "ncclAllReduce");
            GC.KeepAlive(gradient);
        }
        Check(functions.GroupEnd(), "ncclGroupEnd");
    }

    /// <inheritdoc/>
    public void Dispose() => _ = functions.Destroy(communicator);

    private static void Check(int code, string function)
    {
        if (code != 0) throw new InvalidOperationException($"{function} failed with error {code}.");
    }

    /// <summary>ncclUniqueId, which is passed by value.</summary>
    [InlineArray(Length)]
    private struct UniqueId
    {
        public const int Length = 128;

        private byte first;
    }

    /// <summary>The functions of NCCL, of the driver and of libtorch that this takes.</summary>
    private sealed class Functions
    {
        private readonly delegate* unmanaged[Cdecl]<UniqueId*, int> getUniqueId;
        private readonly delegate* unmanaged[Cdecl]<nint*, int, UniqueId, int, int> initialize;
        private readonly delegate* unmanaged[Cdecl]<nint*, int, int> retainContext;
        private readonly delegate* unmanaged[Cdecl]<nint, int> setContext;

        private Functions(nint nccl, nint driver, nint torch)
        {
            getUniqueId = (delegate* unmanaged[Cdecl]<UniqueId*, int>)NativeLibrary.GetExport(nccl, "ncclGetUniqueId");
            initialize = (delegate* unmanaged[Cdecl]<nint*, int, UniqueId, int, int>)NativeLibrary.GetExport(nccl, "ncclCommInitRank");
            AllReduce = (delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int>)
                NativeLibrary.GetExport(nccl, "ncclAllReduce");
            GroupStart = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(nccl, "ncclGroupStart");
            GroupEnd = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(nccl, "ncclGroupEnd");
            Destroy = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(nccl, "ncclCommDestroy");
            retainContext = (delegate* unmanaged[Cdecl]<nint*, int, int>)NativeLibrary.GetExport(driver, "cuDevicePrimaryCtxRetain");
            setContext = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(driver, "cuCtxSetCurrent");
            Address = (delegate* unmanaged[Cdecl]<nint, void**, int>)NativeLibrary.GetExport(torch, "aoti_torch_get_data_ptr");
            Stream = (delegate* unmanaged[Cdecl]<int, nint*, int>)NativeLibrary.GetExport(torch, "aoti_torch_get_current_cuda_stream");
        }

        public delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int> AllReduce { get; }

        public delegate* unmanaged[Cdecl]<int> GroupStart { get; }

        public delegate* unmanaged[Cdecl]<int> GroupEnd { get; }

        public delegate* unmanaged[Cdecl]<nint, int> Destroy { get; }

        public delegate* unmanaged[Cdecl]<nint, void**, int> Address { get; }

        public delegate* unmanaged[Cdecl]<int, nint*, int> Stream { get; }

        /// <summary>Null where one of the libraries is missing.</summary>
        public static Functions? TryLoad() =>
            TryLoad("libnccl.so.2", out var nccl) && TryLoad("libcuda.so.1", out var driver) && TryLoad("libtorch_cuda.so", out var torch)
                ? new(nccl, driver, torch)
                : null;

        /// <summary>Connects the processes; the calling thread then uses the device.</summary>
        public nint Connect(Collectives all, int rank, int size, int device)
        {
            nint context, communicator;
            Check(retainContext(&context, device), "cuDevicePrimaryCtxRetain");
            Check(setContext(context), "cuCtxSetCurrent");
            UniqueId id;
            if (rank == 0) Check(getUniqueId(&id), "ncclGetUniqueId");
            var bytes = new Span<byte>(&id, UniqueId.Length).ToArray();
            all.Broadcast(bytes, root: 0);
            bytes.CopyTo(new Span<byte>(&id, UniqueId.Length));
            Check(initialize(&communicator, size, id, rank), "ncclCommInitRank");
            return communicator;
        }

        private static bool TryLoad(string name, out nint library) =>
            NativeLibrary.TryLoad(name, out library)
            || (Environment.GetEnvironmentVariable(LibTorch.Variable) is { Length: > 0 } folder
                && NativeLibrary.TryLoad(Path.Combine(folder, name), out library));
    }
}
