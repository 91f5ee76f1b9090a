using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What training computes the matrix products and the attention of a model's blocks in.</summary>
/// <remarks>
/// The parameters are float32 (Micikevicius et al., Mixed Precision Training, arXiv 1710.03740, section 3.1): a step
/// rounds copies of the matrices, and their gradients are float32 again.
/// </remarks>
public enum TrainingPrecision
{
    /// <summary>float32, like everything else.</summary>
    Float32,

    /// <summary>bfloat16: the range of float32, 8 significant bits.</summary>
    BFloat16,

    /// <summary>
    /// float16 with a loss scale, on a CUDA device: 11 significant bits, at most 65,504. The scale starts at 65,536; a
    /// gradient that is not finite halves it and skips the step, and 2,000 good steps in a row double it.
    /// </summary>
    Float16,
}

/// <summary>The types of precisions.</summary>
internal static class TrainingPrecisions
{
    /// <summary>The type that blocks are computed in; null for that of the parameters.</summary>
    public static ScalarType? ComputedType(this TrainingPrecision precision) => precision switch
    {
        TrainingPrecision.BFloat16 => ScalarType.BFloat16,
        TrainingPrecision.Float16 => ScalarType.Float16,
        _ => null,
    };
}
