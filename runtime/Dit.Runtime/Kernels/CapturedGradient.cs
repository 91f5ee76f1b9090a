using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>The gradient of a tensor, as the backward pass sums it up.</summary>
/// <remarks>
/// A leaf's own gradient may be a copy with different strides, and a sum over rows with different strides has different
/// bits.
/// </remarks>
internal sealed class CapturedGradient
{
    /// <summary>The gradient, in the dispose scope of the backward pass; null while there is none.</summary>
    public Tensor? Value { get; private set; }

    /// <summary>A tensor of the same numbers whose gradient is kept here.</summary>
    /// <param name="tensor">A tensor that is not recorded.</param>
    public Tensor Of(Tensor tensor) => Function.apply(this, tensor.detach().requires_grad_());

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        private const string Key = "keeper";

        public override string Name => nameof(CapturedGradient);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data(Key, vars[0]);
            return ((Tensor)vars[1]).detach();
        }

        public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            ((CapturedGradient)ctx.get_data(Key)).Value = grad_output;
            return [null, null];
        }
    }
}
