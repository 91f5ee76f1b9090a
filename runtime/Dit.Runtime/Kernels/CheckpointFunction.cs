using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>
/// A block that keeps its arguments for the backward pass, and nothing that is computed in it (activation
/// checkpointing, Chen et al., arXiv 1604.06174, section 4).
/// </summary>
/// <remarks>The arguments: the <see cref="BlockCall"/>, the scope's anchor, then those of the block.</remarks>
internal sealed class CheckpointFunction : autograd.SingleTensorFunction<CheckpointFunction>
{
    private const string Key = "call";

    public override string Name => nameof(CheckpointFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (BlockCall)vars[0];
        List<Tensor> inputs = [.. vars[2..].Cast<Tensor>()];
        ctx.save_data(Key, call);
        ctx.save_for_backward(inputs);
        return call.Result(inputs);
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var passed = grad_output;
        var call = (BlockCall)ctx.get_data(Key);
        return call.Scope.Returned.Hold([null, null, .. call.Gradients(ctx.get_saved_variables(), grad_output)]);
    }
}
