using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Sums of tensors with weights.</summary>
internal static class WeightedSum
{
    /// <summary>The sum; its type is that of the first tensor.</summary>
    /// <param name="terms">Weights and tensors of one shape, at least one.</param>
    public static Tensor Of(params ReadOnlySpan<(double Weight, Tensor Tensor)> terms)
    {
        using Scalar first = terms[0].Weight; // kept until the call is over, see Scalars
        var sum = terms[0].Tensor * first;
        foreach (var (weight, tensor) in terms[1..])
        {
            if (weight == 0) continue;
            using Scalar number = weight;
            sum.add_(tensor, number);
        }
        return sum;
    }
}
