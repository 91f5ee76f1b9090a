using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How NVIDIA's GPUs multiply float32 numbers, for the whole process.</summary>
/// <remarks>
/// From Ampere on their tensor cores multiply float32 matrices several times as fast when the factors are rounded to
/// TensorFloat-32: the range of float32 with 10 bits of mantissa and not 23; sums stay float32. libtorch begins with
/// convolutions that are rounded and matrix products that are not. Models in bfloat16 or float16, and other devices, do
/// not see the difference.
/// </remarks>
public static class TensorFloat32
{
    /// <summary>Whether matrix products and convolutions may round; setting it sets both.</summary>
    public static bool IsAllowed
    {
        get => backends.cuda.matmul.allow_tf32 && backends.cudnn.allow_tf32;
        set
        {
            backends.cuda.matmul.allow_tf32 = value;
            backends.cudnn.allow_tf32 = value;
        }
    }
}
