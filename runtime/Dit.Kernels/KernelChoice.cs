using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dit.Kernels;

/// <summary>Which kernels compute: an immutable value, made once and passed to whatever computes.</summary>
/// <param name="Inference">Those of inference on the CPU; null leaves inference to libtorch.</param>
/// <param name="Training">Those of training on the CPU, of the same width; null leaves training to libtorch.</param>
/// <param name="OnGpu">
/// Whether the kernels for a GPU are used. They are unmeasured, so only where they are asked for.
/// </param>
internal sealed record KernelChoice(CpuKernels? Inference, TrainingKernels? Training, bool OnGpu)
{
    /// <summary>The environment variable that a process reads its choice from, see <see cref="TryParse"/>.</summary>
    public const string Variable = "DIT_KERNELS";

    /// <summary>No kernels: libtorch's operators.</summary>
    public static KernelChoice Off { get; } = new(null, null, OnGpu: false);

    /// <summary>
    /// Every width of vectors: 512 bits, 256 and 128. All work everywhere; without the hardware, wide ones run as plain
    /// code.
    /// </summary>
    public static IReadOnlyList<KernelChoice> Widths { get; } =
        [.. CpuKernels.All.Zip(TrainingKernels.All, static (inference, training) => new KernelChoice(inference, training, OnGpu: false))];

    /// <summary>The widest vectors that the hardware has.</summary>
    public static KernelChoice Widest =>
        Vector512.IsHardwareAccelerated ? Widths[0] : Vector256.IsHardwareAccelerated && Fma.IsSupported ? Widths[1] : Widths[2];

    /// <summary>
    /// The choice of a word: nothing, <c>on</c>, <c>off</c>, or the bits of a vector; null for any other word.
    /// </summary>
    public static KernelChoice? TryParse(string? word) => word switch
    {
        null or "" => Widest,
        "on" => Widest with { OnGpu = true },
        "off" => Off,
        "512" => Widths[0],
        "256" => Widths[1],
        "128" => Widths[2],
        _ => null,
    };
}
