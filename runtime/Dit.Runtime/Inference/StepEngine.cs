using Dit.Kernels;
using Dit.Runtime.Kernels;
using Dit.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Runs the steps of a session.</summary>
internal abstract class StepEngine : IDisposable
{
    /// <summary>What it is, in a few words.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of packed weights.</summary>
    public abstract long PackedBytes { get; }

    /// <summary>
    /// One pass for each entry of <paramref name="rows"/>: passes 0 to N - 1 see the images in order, and so do the
    /// next N, with other conditions.
    /// </summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="condition">What enters the blocks: modulations, (rows, parts D), or tokens, (rows, M, D).</param>
    /// <param name="rows">The row of each pass: N or 2 N of them.</param>
    /// <param name="attended">
    /// What this engine made of the tokens that are attended to, of the same rows; null where there are none.
    /// </param>
    /// <returns>(passes, C or 2 C, Y, X).</returns>
    public abstract Tensor Run(Tensor x, Tensor condition, int[] rows, AttendedTokens? attended = null);

    /// <summary>Keys and values of tokens that are attended to in every step, once for all of them.</summary>
    /// <param name="tokens">(rows, M, D).</param>
    /// <param name="mask">Which of them count, bool, (rows, M), one in each row at least; null for all.</param>
    /// <returns>The caller's to dispose.</returns>
    public abstract AttendedTokens Attend(Tensor tokens, Tensor? mask);

    public abstract void Dispose();

    /// <summary>The engine for the device and type of the model's weights.</summary>
    /// <param name="steps">The session.</param>
    /// <param name="choice">The kernels.</param>
    public static StepEngine For(SessionSteps steps, KernelChoice choice)
    {
        // Asked for by name until they have been seen to be right on a device: a wrong kernel would draw wrong images
        // and say nothing.
        if (choice.OnGpu && steps.Positions.device_type == DeviceType.CUDA)
            return new OperatorEngine(steps, CudaOperations.For(steps, new SystemLibraries()));
        var isFloat32OnCpu = steps.Positions.device_type == DeviceType.CPU && steps.Positions.dtype == ScalarType.Float32;
        return choice.Inference is { } kernels && isFloat32OnCpu ? FusedEngine.For(steps, kernels, get_num_threads())
            : new OperatorEngine(steps);
    }
}

/// <summary>Keys and values of the tokens of some conditions, for every step that attends to them.</summary>
internal abstract class AttendedTokens : IDisposable
{
    public abstract void Dispose();
}
