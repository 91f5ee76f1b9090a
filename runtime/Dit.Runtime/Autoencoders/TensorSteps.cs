using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Steps of a computation that is too large to keep what it has passed.</summary>
internal static class TensorSteps
{
    /// <summary>Applies a step and lets go of what it was applied to.</summary>
    /// <param name="x">Disposed when the step is done.</param>
    /// <param name="step">Gives a new tensor.</param>
    public static Tensor Then(this Tensor x, Func<Tensor, Tensor> step)
    {
        using (x) return step(x);
    }
}
