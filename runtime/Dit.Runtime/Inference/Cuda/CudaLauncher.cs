using System.Collections.Concurrent;
using System.Text;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels.Cuda;

/// <summary>Compiles and starts kernels: a seam, so that what is started can be tested without a device.</summary>
internal interface ICudaLauncher
{
    /// <summary>Compiles a kernel, once in a process for each device.</summary>
    /// <returns>Whether it can be launched.</returns>
    bool TryPrepare(NormKernel kernel);

    /// <summary>The address of a tensor's first number.</summary>
    ulong Address(Tensor tensor);

    /// <summary>Starts a prepared kernel on libtorch's current stream.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="blocks">Its blocks, one for each row.</param>
    /// <param name="arguments">Its arguments, each of 8 bytes.</param>
    /// <returns>Whether the driver took it; where it did not, nothing was done.</returns>
    bool TryLaunch(NormKernel kernel, uint blocks, ReadOnlySpan<ulong> arguments);
}

/// <summary>By NVRTC and the driver, in the primary context of a device, which is libtorch's.</summary>
internal sealed unsafe class CudaLauncher : ICudaLauncher
{
    private const int ComputeMajor = 75, ComputeMinor = 76; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*

    private static readonly ConcurrentDictionary<(int Device, string Source), nint> Compiled = new(); // 0: it cannot be compiled

    private readonly CudaLibraries libraries;
    private readonly int device;
    private readonly nint context;
    private readonly string architecture;
    private readonly Dictionary<NormKernel, nint> functions = [];

    private CudaLauncher(CudaLibraries libraries, int device, nint context, string architecture) =>
        (this.libraries, this.device, this.context, this.architecture) = (libraries, device, context, architecture);

    /// <summary>What the compiler said about the last kernel that it did not take; empty when there is none.</summary>
    public static string Log { get; private set; } = "";

    /// <summary>The launcher of a device; null when the driver does not know it.</summary>
    public static CudaLauncher? TryCreate(CudaLibraries libraries, int device)
    {
        int handle = 0, major = 0, minor = 0;
        nint context = 0;
        var attribute = (delegate* unmanaged<int*, int, int, int>)libraries["cuDeviceGetAttribute"];
        var known = ((delegate* unmanaged<uint, int>)libraries["cuInit"])(0) == 0
            && ((delegate* unmanaged<int*, int, int>)libraries["cuDeviceGet"])(&handle, device) == 0
            && attribute(&major, ComputeMajor, handle) == 0
            && attribute(&minor, ComputeMinor, handle) == 0
            && ((delegate* unmanaged<nint*, int, int>)libraries["cuDevicePrimaryCtxRetain"])(&context, handle) == 0;
        return known ? new(libraries, device, context, $"sm_{major}{minor}") : null;
    }

    public bool TryPrepare(NormKernel kernel) =>
        (functions[kernel] = Compiled.GetOrAdd((device, kernel.Source), key => WithContext(() => Load(key.Source)))) != 0;

    public ulong Address(Tensor tensor)
    {
        void* address = null;
        var code = ((delegate* unmanaged<nint, void**, int>)libraries["aoti_torch_get_data_ptr"])(tensor.Handle, &address);
        GC.KeepAlive(tensor);
        return code == 0 ? (ulong)address : 0;
    }

    public bool TryLaunch(NormKernel kernel, uint blocks, ReadOnlySpan<ulong> arguments)
    {
        nint stream = 0;
        if (((delegate* unmanaged<int, nint*, int>)libraries["aoti_torch_get_current_cuda_stream"])(device, &stream) != 0) return false;
        fixed (ulong* values = arguments)
        {
            var pointers = stackalloc void*[arguments.Length];
            for (var i = 0; i < arguments.Length; i++) pointers[i] = values + i;
            if (((delegate* unmanaged<nint, int>)libraries["cuCtxPushCurrent_v2"])(context) != 0) return false;
            var launch =
                (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)libraries["cuLaunchKernel"];
            var code = launch(functions[kernel], blocks, 1, 1, (uint)kernel.Threads, 1, 1, 0, stream, pointers, null);
            Pop();
            return code == 0;
        }
    }

    private nint WithContext(Func<nint> action)
    {
        if (((delegate* unmanaged<nint, int>)libraries["cuCtxPushCurrent_v2"])(context) != 0) return 0;
        var result = action();
        Pop();
        return result;
    }

    private void Pop()
    {
        nint popped = 0;
        _ = ((delegate* unmanaged<nint*, int>)libraries["cuCtxPopCurrent_v2"])(&popped);
    }

    // Modules stay for the life of the process, as their functions do.
    private nint Load(string source)
    {
        if (Compile(source) is not { } image) return 0;
        nint module = 0, function = 0;
        fixed (byte* bytes = image)
        fixed (byte* name = Encoding.UTF8.GetBytes(NormKernel.EntryPoint + "\0"))
        {
            var loaded = ((delegate* unmanaged<nint*, void*, int>)libraries["cuModuleLoadData"])(&module, bytes) == 0
                && ((delegate* unmanaged<nint*, nint, byte*, int>)libraries["cuModuleGetFunction"])(&function, module, name) == 0;
            return loaded ? function : 0;
        }
    }

    private byte[]? Compile(string source)
    {
        nint program = 0;
        fixed (byte* text = Encoding.UTF8.GetBytes(source + "\0"))
        fixed (byte* option = Encoding.UTF8.GetBytes($"--gpu-architecture={architecture}\0"))
        {
            var create = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)libraries["nvrtcCreateProgram"];
            if (create(&program, text, null, 0, null, null) != 0) return null;
            var options = stackalloc byte*[] { option };
            var compiled = ((delegate* unmanaged<nint, int, byte**, int>)libraries["nvrtcCompileProgram"])(program, 1, options) == 0;
            if (!compiled) Log = Encoding.UTF8.GetString(Read(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog") ?? []).TrimEnd('\0');
            var image = compiled ? Read(program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN") : null;
            _ = ((delegate* unmanaged<nint*, int>)libraries["nvrtcDestroyProgram"])(&program);
            return image;
        }
    }

    private byte[]? Read(nint program, string size, string content)
    {
        nuint length = 0;
        if (((delegate* unmanaged<nint, nuint*, int>)libraries[size])(program, &length) != 0 || length == 0) return null;
        var bytes = new byte[length];
        var read = (delegate* unmanaged<nint, byte*, int>)libraries[content];
        fixed (byte* target = bytes) return read(program, target) == 0 ? bytes : null;
    }
}
