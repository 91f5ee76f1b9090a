using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What conditions do with their tensors.</summary>
internal static class ConditionTensor
{
    /// <summary>The rows of some samples, a new tensor of the ambient dispose scope.</summary>
    /// <param name="values">(N, ...).</param>
    /// <param name="samples">Indices from 0 to N - 1.</param>
    public static Tensor At(Tensor values, int[] samples)
    {
        using var index = tensor(Array.ConvertAll(samples, static sample => (long)sample), device: values.device);
        return values.index_select(0, index);
    }
}
