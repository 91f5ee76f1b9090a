using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels.Cuda;

/// <summary>
/// Norms by kernels made for the model's constants, one pass over the tokens each; libtorch does what they cannot take.
/// </summary>
internal sealed class CudaOperations : IFusedOperations
{
    private readonly TorchOperations fallback = new();
    private readonly ICudaLauncher launcher;
    private readonly int width;
    private readonly CudaStorage storage;
    private readonly HashSet<NormKernel> prepared = [];

    private CudaOperations(ICudaLauncher launcher, int width, CudaStorage storage) => (this.launcher, this.width, this.storage) =
        (launcher, width, storage);

    public string Name => "libtorch and NVRTC kernels";

    /// <summary>
    /// The operations for a session on a CUDA device: libtorch's, with the reason in their name, where a library or a
    /// kernel is missing.
    /// </summary>
    public static IFusedOperations For(SessionSteps steps, ILibraryLoader loader)
    {
        if (CudaLibraries.TryLoad(loader, out var reason) is not { } libraries) return new TorchOperations($"libtorch; {reason}");
        return CudaLauncher.TryCreate(libraries, Math.Max(0, steps.Positions.device_index)) is { } launcher
            ? For(steps, launcher, steps.Positions.dtype)
            : new TorchOperations("libtorch; no device that the driver knows");
    }

    /// <summary>The same with a launcher, for numbers of a type.</summary>
    public static IFusedOperations For(SessionSteps steps, ICudaLauncher launcher, ScalarType type)
    {
        if (StorageOf(type) is not { } storage) return new TorchOperations($"libtorch; no kernels for {type}");
        var operations = new CudaOperations(launcher, steps.Card.Width, storage);
        foreach (var step in OperatorEngine.Pair(steps.Steps))
        {
            var kernel = step switch
            {
                SessionStep.AdaptiveNorm { Shift: not null, Rms: null } norm => operations.Kernel(norm.Eps, NormBranch.None),
                SessionStep.ResidualNorm(var gate, _, _, var eps) =>
                    operations.Kernel(eps, gate is null ? NormBranch.Added : NormBranch.Gated),
                _ => null,
            };
            if (kernel is null || operations.prepared.Contains(kernel)) continue;
            if (!launcher.TryPrepare(kernel)) return new TorchOperations("libtorch; its kernels do not compile");
            operations.prepared.Add(kernel);
        }
        return operations.prepared.Count > 0 ? operations : new TorchOperations();
    }

    public Tensor Modulate(Tensor x, Tensor shift, Tensor scale, double eps) =>
        TryRun(Kernel(eps, NormBranch.None), x, null, null, shift, scale) ?? fallback.Modulate(x, shift, scale, eps);

    public Tensor AddAndModulate(Tensor x, Tensor y, Tensor? gate, Tensor shift, Tensor scale, double eps) =>
        TryRun(Kernel(eps, gate is null ? NormBranch.Added : NormBranch.Gated), x, y, gate, shift, scale) ?? fallback.AddAndModulate(x, y,
            gate, shift, scale, eps);

    public Tensor Add(Tensor x, Tensor y, Tensor? gate) => fallback.Add(x, y, gate);

    private NormKernel Kernel(double eps, NormBranch branch) => new(width, eps, storage, branch);

    private static CudaStorage? StorageOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => CudaStorage.Float32,
        ScalarType.BFloat16 => CudaStorage.BFloat16,
        ScalarType.Float16 => CudaStorage.Float16,
        _ => null,
    };

    // Null where the kernel cannot take these tensors or the driver does not take the kernel: nothing was done then.
    private Tensor? TryRun(NormKernel kernel, Tensor x, Tensor? y, Tensor? gate, Tensor shift, Tensor scale)
    {
        var tokens = x.shape[1];
        var rows = x.shape[0] * tokens;
        if (!prepared.Contains(kernel) || rows is 0 or > int.MaxValue || !x.is_contiguous() || y?.is_contiguous() == false) return null;
        if (StorageOf(x.dtype) != storage || StorageOf(shift.dtype) != storage
            || (y is not null && StorageOf(y.dtype) != storage)) return null;
        var stride = shift.stride(0);
        if (scale.stride(0) != stride || (gate is not null && gate.stride(0) != stride) || shift.stride(2) != 1
            || stride % kernel.Vector != 0) return null;
        var a = empty(x.shape, x.dtype, x.device);
        ulong[] needed = [launcher.Address(x), launcher.Address(shift), launcher.Address(scale), launcher.Address(a)];
        ulong branch = y is null ? 0 : launcher.Address(y), gates = gate is null ? 0 : launcher.Address(gate);
        var aligned = needed.Append(branch).Append(gates).All(address => address % (ulong)kernel.Alignment == 0) && !needed.Contains(0UL);
        if (aligned && launcher.TryLaunch(kernel, (uint)rows,
            [needed[0], branch, gates, needed[1], needed[2], needed[3], (ulong)tokens, (ulong)stride])) return a;
        a.Dispose();
        return null;
    }
}
