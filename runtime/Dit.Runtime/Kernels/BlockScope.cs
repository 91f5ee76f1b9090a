using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>How the blocks of a model are computed on this thread while it is open: for a step of training.</summary>
/// <remarks>
/// A generated <c>forward</c> calls its blocks through <c>TransformerBlock</c>, which asks here. Where gradients are
/// not recorded, a block is called as it is.
/// </remarks>
internal sealed class BlockScope : IDisposable
{
    [ThreadStatic] private static BlockScope? innermost;
    [ThreadStatic] private static ScalarType? computed;

    private readonly BlockScope? outer;
    private readonly bool checkpoints;
    private readonly ScalarType? type;
    private readonly Tensor? anchor;
    private readonly Dictionary<Tensor, BlockCall> byInput = new(ReferenceEqualityComparer.Instance);
    private ExceptionDispatchInfo? failure;

    private BlockScope(bool checkpoints, ScalarType? type, BlockScope? outer)
    {
        (this.checkpoints, this.type, this.outer) = (checkpoints, type, outer);
        if (checkpoints) anchor = empty(0, requires_grad: true).DetachFromDisposeScope();
    }

    /// <summary>The scope of this thread; null where blocks are called as they are.</summary>
    public static BlockScope? Current => is_grad_enabled() ? innermost : null;

    /// <summary>
    /// The type that the matrix products and the attention of the block at hand are computed in; null outside a block,
    /// and where it is that of the parameters.
    /// </summary>
    public static ScalarType? ComputedType => computed;

    /// <summary>What the gradients of blocks returned last.</summary>
    public ReturnedGradients Returned { get; } = new();

    /// <summary>
    /// An empty tensor that records: an argument of every block, so that the parameters of a block get their gradients
    /// even where none of its other arguments needs one.
    /// </summary>
    public Tensor Anchor => anchor ?? throw new InvalidOperationException("The scope has no checkpoints.");

    /// <summary>Opens a scope on this thread, on which it is to be disposed.</summary>
    /// <param name="checkpoints">
    /// Whether only the arguments of a block are kept, and its activations computed again for the backward pass
    /// (activation checkpointing, Chen et al., arXiv 1604.06174).
    /// </param>
    /// <param name="type">As for <see cref="ComputedType"/>.</param>
    public static BlockScope Open(bool checkpoints, ScalarType? type = null) => innermost = new(checkpoints, type, innermost);

    /// <summary>Calls a block.</summary>
    /// <param name="block">The block, from its arguments to its result.</param>
    /// <param name="inputs">Its arguments, the tokens first.</param>
    /// <returns>Its result, of the type of the tokens.</returns>
    public Tensor Call(Func<Tensor[], Tensor> block, params Tensor[] inputs)
    {
        if (!checkpoints) return Compute(block, inputs);
        var call = new BlockCall(this, block, [.. inputs.Select(LongSkip)]);
        byInput[inputs[0]] = call;
        return CheckpointFunction.apply([call, Anchor, .. inputs]);

        BlockCall? LongSkip(Tensor input, int i) => i == 0 ? null : byInput.GetValueOrDefault(input);
    }

    /// <summary>The result of a block in the type of this scope.</summary>
    public Tensor Compute(Func<Tensor[], Tensor> block, Tensor[] inputs)
    {
        if (type is null) return block(inputs);
        using var scope = NewDisposeScope();
        var before = computed;
        computed = type;
        try
        {
            return block(inputs).to(inputs[0].dtype).MoveToOuterDisposeScope();
        }
        finally
        {
            computed = before;
        }
    }

    /// <summary>
    /// Remembers what went wrong in a backward pass: native code, which calls it, knows no exceptions.
    /// </summary>
    public void Fail(Exception error) => failure ??= ExceptionDispatchInfo.Capture(error);

    /// <summary>Throws what went wrong in a backward pass, whose gradients are of no use then.</summary>
    public void ThrowIfFailed() => failure?.Throw();

    /// <inheritdoc/>
    public void Dispose()
    {
        innermost = outer;
        foreach (var call in byInput.Values) call.Dispose();
        Returned.Dispose();
        anchor?.Dispose();
    }
}
