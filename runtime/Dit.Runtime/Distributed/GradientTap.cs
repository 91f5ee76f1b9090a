using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The identity, whose gradient tells that the backward pass has come to it: everything that was computed from its
/// output has its gradients by then.
/// </summary>
/// <remarks>
/// Autograd executes, among the functions that are ready, the one that was recorded last; a function is ready once all
/// that used its result are done. So when the gradient of the identity is asked for, all functions that were recorded
/// after it are done, and the gradients of their parameters are added up.
/// </remarks>
internal sealed class GradientTap : autograd.SingleTensorFunction<GradientTap>
{
    private const string Key = "passed";

    /// <inheritdoc/>
    public override string Name => nameof(GradientTap);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data(Key, vars[1]);
        return ((Tensor)vars[0]).alias();
    }

    /// <inheritdoc/>
    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var passed = (Passed)ctx.get_data(Key);
        passed.Report();
        return [passed.Keep(grad_output), null];
    }

    /// <summary>Who is told.</summary>
    /// <param name="report">Told on the way back; it throws nothing.</param>
    internal sealed class Passed(Action report) : IDisposable
    {
        private Tensor? returned;

        /// <summary>Tells that the backward pass is here.</summary>
        public void Report() => report();

        /// <summary>Holds a gradient until the next one, as long as autograd may use it.</summary>
        public Tensor Keep(Tensor gradient)
        {
            Interlocked.Exchange(ref returned, gradient)?.Dispose();
            return gradient;
        }

        /// <inheritdoc/>
        public void Dispose() => Interlocked.Exchange(ref returned, null)?.Dispose();
    }
}
