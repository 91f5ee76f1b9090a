using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>A call of a block whose activations are computed again for the backward pass.</summary>
/// <remarks>
/// The gradients are those of a call that keeps its activations, bit for bit. Sums of gradients depend on their order:
/// of a long skip (U-ViT), the gradient at the end of the skip comes first and those of the block at its start follow.
/// So the block at the end hands its gradient to the one at the start, which begins with it.
/// </remarks>
/// <param name="scope">What the block is computed with.</param>
/// <param name="block">The block, from its arguments to its result.</param>
/// <param name="starts">
/// For each argument that is a long skip, the call of the block whose tokens it is; else null.
/// </param>
internal sealed class BlockCall(BlockScope scope, Func<Tensor[], Tensor> block, IReadOnlyList<BlockCall?> starts) : IDisposable
{
    private Tensor? ofSkip; // the gradient at the end of the long skip that starts at this block

    /// <summary>What the block is computed with.</summary>
    public BlockScope Scope => scope;

    /// <summary>The result, without what would be kept for its gradient.</summary>
    /// <remarks>
    /// It is computed as where gradients are recorded, by the same kernels, so that it has the same bits.
    /// </remarks>
    public Tensor Result(IReadOnlyList<Tensor> inputs)
    {
        using var dispose = NewDisposeScope();
        using var recording = enable_grad();
        return scope.Compute(block, Leaves(inputs)).detach().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Computes the block again, adds the gradients of its parameters to theirs, and returns those of its arguments.
    /// </summary>
    /// <param name="saved">The arguments.</param>
    /// <param name="gradient">The gradient of the result.</param>
    /// <returns>A gradient for each argument, in the ambient dispose scope; null for one that needs none.</returns>
    /// <remarks>No exception leaves it, because native code calls it: the scope remembers what went wrong.</remarks>
    public Tensor?[] Gradients(IReadOnlyList<Tensor> saved, Tensor gradient)
    {
        try
        {
            if (is_grad_enabled())
                throw new NotSupportedException("With activation checkpointing, there are no gradients of gradients.");
            return Computed(saved, gradient);
        }
        catch (Exception e)
        {
            scope.Fail(e);
            return Zeros(saved); // other functions of ours take no missing gradient
        }
    }

    private Tensor?[] Computed(IReadOnlyList<Tensor> saved, Tensor gradient)
    {
        using var recording = enable_grad();
        CapturedGradient?[] captured = [.. saved.Select(static tensor => tensor.requires_grad ? new CapturedGradient() : null)];
        Tensor[] inputs = [.. saved.Zip(captured, static (tensor, keeper) => keeper?.Of(tensor) ?? tensor)];
        var result = scope.Compute(block, inputs);
        if (!result.requires_grad) return Zeros(saved); // a block without trained parameters
        using var begin = Interlocked.Exchange(ref ofSkip, null);
        if (begin is null) autograd.backward([result], [gradient]);
        else autograd.backward([result, inputs[0]], [gradient, begin]);
        return [.. captured.Select(static keeper => keeper?.Value).Zip(starts, Own)];
    }

    private static Tensor?[] Zeros(IReadOnlyList<Tensor> saved) =>
        [.. saved.Select(static tensor => tensor.requires_grad ? zeros(1, tensor.dtype, tensor.device).expand(tensor.shape) : null)];

    // What stays of a gradient for the argument itself: that of a long skip goes to the block at its start.
    private static Tensor? Own(Tensor? gradient, BlockCall? start)
    {
        if (gradient is null || start is null) return gradient;
        start.AddOfSkip(gradient);
        return null;
    }

    private void AddOfSkip(Tensor gradient)
    {
        using var before = ofSkip;
        ofSkip = (before is null ? gradient : before + gradient).DetachFromDisposeScope();
    }

    private static Tensor[] Leaves(IReadOnlyList<Tensor> tensors) =>
        [.. tensors.Select(static tensor => tensor.detach().requires_grad_(tensor.requires_grad))];

    /// <inheritdoc/>
    public void Dispose() => ofSkip?.Dispose();
}
