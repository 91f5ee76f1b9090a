using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Owns the gradients that functions with a gradient of their own return.</summary>
/// <remarks>
/// Native code reads a function's gradients after the function has returned, and does not say when it has: they are
/// disposed of when the next function returns, not at the end of the step.
/// </remarks>
internal sealed class ReturnedGradients : IDisposable
{
    private Tensor?[]? returned;

    /// <summary>
    /// Gradients in the order of the arguments, null for what has none; they outlive the scope that they were made in.
    /// </summary>
    public List<Tensor?> Hold(params Tensor?[] gradients)
    {
        foreach (var tensor in gradients) tensor?.MoveToOuterDisposeScope();
        foreach (var tensor in Interlocked.Exchange(ref returned, gradients) ?? []) tensor?.Dispose();
        return [.. gradients];
    }

    /// <summary>Lets go of what the last gradient returned.</summary>
    public void Dispose() => Hold();
}
