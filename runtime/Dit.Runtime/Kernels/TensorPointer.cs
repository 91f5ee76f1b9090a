using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>From tensors to the memory that kernels work on.</summary>
internal static unsafe class TensorPointer
{
    /// <summary>The first number of a dense float32 tensor on the CPU. It lives as long as the tensor does.</summary>
    public static float* Of(Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}
