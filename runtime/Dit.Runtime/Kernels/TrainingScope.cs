using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>
/// Says what training computes with on this thread while it is open, as <c>no_grad()</c> says that nothing records
/// gradients.
/// </summary>
/// <remarks>
/// A generated <c>forward</c> takes tensors and nothing else, so its operations find their tools here. From there on
/// the tools are passed: a function gets them as an argument, and its gradient uses the same ones, whatever scope is
/// open then. A thread without an open scope has the environment's kernels and libtorch's memory.
/// </remarks>
internal sealed class TrainingScope : IDisposable
{
    [ThreadStatic] private static TrainingScope? innermost;

    private readonly TrainingScope? outer;

    private TrainingScope(KernelChoice choice, TrainingMemory? memory, TrainingScope? outer) =>
        (Tools, this.outer) = (choice.Training is { } kernels ? new TrainingTools(kernels, memory) : null, outer);

    /// <summary>The tools of this thread; null where training is left to libtorch.</summary>
    /// <exception cref="DitException">The environment variable holds a word that is none.</exception>
    public static TrainingTools? Current => (innermost ??= new(EnvironmentKernels.Choice, memory: null, outer: null)).Tools;

    /// <summary>The scope's tools.</summary>
    public TrainingTools? Tools { get; }

    /// <summary>Opens a scope on this thread, on which it is to be disposed.</summary>
    /// <param name="choice">The kernels.</param>
    /// <param name="memory">The memory of large tensors, which stays the caller's; null for libtorch's.</param>
    public static TrainingScope Open(KernelChoice choice, TrainingMemory? memory = null) => innermost = new(choice, memory, innermost);

    /// <summary>
    /// The tools, where gradients are recorded and all of these tensors are float32 on the CPU; else null.
    /// </summary>
    public static TrainingTools? ToolsFor(params ReadOnlySpan<Tensor> tensors)
    {
        if (!is_grad_enabled() || Current is not { } tools) return null;
        var records = false;
        foreach (var tensor in tensors)
        {
            if (tensor.dtype != ScalarType.Float32 || tensor.device_type != TorchSharp.DeviceType.CPU) return null;
            if (tensor.numel() is 0 or > int.MaxValue / sizeof(float)) return null;
            records |= tensor.requires_grad;
        }
        return records ? tools : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        innermost = outer;
        Tools?.Dispose();
    }
}
