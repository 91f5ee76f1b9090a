using System.Runtime.InteropServices;

namespace Dit.Runtime.Kernels.Cuda;

/// <summary>Finds native libraries: a seam, so that their absence can be tested.</summary>
internal interface ILibraryLoader
{
    bool TryLoad(string name, out nint library);
}

/// <summary>The usual places, then the folder of libtorch.</summary>
internal sealed class SystemLibraries : ILibraryLoader
{
    public bool TryLoad(string name, out nint library) =>
        NativeLibrary.TryLoad(name, out library)
        || (Environment.GetEnvironmentVariable(LibTorch.Variable) is { Length: > 0 } folder
            && NativeLibrary.TryLoad(Path.Combine(folder, name), out library))
        || NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, name), out library);
}

/// <summary>The functions of the driver, NVRTC and libtorch that own kernels need, by name.</summary>
/// <remarks>All of them or none: a missing one is a reason to call libtorch's operators, and no error.</remarks>
internal sealed class CudaLibraries
{
    private static readonly string[] Driver =
    [
        "cuInit", "cuDeviceGet", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuCtxPopCurrent_v2",
        "cuModuleLoadData", "cuModuleGetFunction", "cuLaunchKernel",
    ];

    private static readonly string[] Compiler =
    [
        "nvrtcCreateProgram", "nvrtcCompileProgram", "nvrtcDestroyProgram", "nvrtcGetCUBINSize", "nvrtcGetCUBIN", "nvrtcGetProgramLogSize",
            "nvrtcGetProgramLog",
    ];

    private readonly Dictionary<string, nint> functions;

    private CudaLibraries(Dictionary<string, nint> functions) => this.functions = functions;

    /// <summary>The address of a function.</summary>
    public nint this[string function] => functions[function];

    /// <summary>Loads them.</summary>
    /// <param name="loader">Finds libraries.</param>
    /// <param name="reason">What is missing, in a few words; empty when nothing is.</param>
    /// <returns>Null when something is missing.</returns>
    public static CudaLibraries? TryLoad(ILibraryLoader loader, out string reason)
    {
        var functions = new Dictionary<string, nint>(StringComparer.Ordinal);
        (string Missing, string[] Names, string[] Functions)[] wanted =
        [
            ("no NVRTC", ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll"], Compiler),
            ("no CUDA driver", ["libcuda.so.1", "nvcuda.dll"], Driver),
            ("no libtorch with CUDA", ["libtorch_cuda.so", "torch_cuda.dll"], ["aoti_torch_get_current_cuda_stream"]),
            ("no stable interface of libtorch", ["libtorch_cpu.so", "torch_cpu.dll"], ["aoti_torch_get_data_ptr"]),
        ];
        foreach (var (missing, names, exports) in wanted)
        {
            if (Find(loader, names, exports, functions)) continue;
            reason = missing;
            return null;
        }
        reason = "";
        return new(functions);
    }

    private static bool Find(ILibraryLoader loader, string[] names, string[] exports, Dictionary<string, nint> functions)
    {
        foreach (var name in names)
        {
            if (!loader.TryLoad(name, out var library)) continue;
            var addresses = exports.Select(export => NativeLibrary.TryGetExport(library, export, out var address) ? address : 0).ToArray();
            if (addresses.Contains(0)) continue;
            foreach (var (export, address) in exports.Zip(addresses)) functions[export] = address;
            return true;
        }
        return false;
    }
}
