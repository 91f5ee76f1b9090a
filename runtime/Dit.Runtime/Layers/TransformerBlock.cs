using Dit.Runtime.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Calls the blocks of generated models: as they are, or where the recipe of a training step says so, with activation
/// checkpointing or in a type of half the size.
/// </summary>
/// <remarks>
/// Activation checkpointing (arXiv 1604.06174) keeps only the arguments of a block and computes its activations again
/// in the backward pass. The gradients are the same, bit for bit.
/// </remarks>
public static class TransformerBlock
{
    /// <summary>Calls a block of tokens.</summary>
    /// <param name="block">The block.</param>
    /// <param name="x">Tokens, (N, T, D).</param>
    /// <returns>Tokens, (N, T, D), of the type of <paramref name="x"/>.</returns>
    public static Tensor Call(nn.Module<Tensor, Tensor> block, Tensor x) =>
        BlockScope.Current is { } scope ? scope.Call(inputs => block.call(inputs[0]), x) : block.call(x);

    /// <summary>Calls a block of tokens with a second argument.</summary>
    /// <param name="block">The block.</param>
    /// <param name="x">Tokens, (N, T, D).</param>
    /// <param name="second">The block's second argument.</param>
    /// <returns>Tokens, (N, T, D), of the type of <paramref name="x"/>.</returns>
    public static Tensor Call(nn.Module<Tensor, Tensor, Tensor> block, Tensor x, Tensor second) =>
        BlockScope.Current is { } scope
            ? scope.Call(inputs => block.call(inputs[0], inputs[1]), x, second)
            : block.call(x, second);

    /// <summary>Calls a block of tokens with two more arguments.</summary>
    /// <param name="block">The block.</param>
    /// <param name="x">Tokens, (N, T, D).</param>
    /// <param name="second">The block's second argument.</param>
    /// <param name="third">The block's third argument.</param>
    /// <returns>Tokens, (N, T, D), of the type of <paramref name="x"/>.</returns>
    public static Tensor Call(nn.Module<Tensor, Tensor, Tensor, Tensor> block, Tensor x, Tensor second, Tensor third) =>
        BlockScope.Current is { } scope
            ? scope.Call(inputs => block.call(inputs[0], inputs[1], inputs[2]), x, second, third)
            : block.call(x, second, third);

    /// <summary>Calls a block of tokens with three more arguments.</summary>
    /// <param name="block">The block.</param>
    /// <param name="x">Tokens, (N, T, D).</param>
    /// <param name="second">The block's second argument.</param>
    /// <param name="third">The block's third argument.</param>
    /// <param name="fourth">The block's fourth argument.</param>
    /// <returns>Tokens, (N, T, D), of the type of <paramref name="x"/>.</returns>
    public static Tensor Call(
        nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor> block, Tensor x, Tensor second, Tensor third, Tensor fourth) =>
        BlockScope.Current is { } scope
            ? scope.Call(inputs => block.call(inputs[0], inputs[1], inputs[2], inputs[3]), x, second, third, fourth)
            : block.call(x, second, third, fourth);

    /// <summary>Calls a block of tokens with four more arguments.</summary>
    /// <param name="block">The block.</param>
    /// <param name="x">Tokens, (N, T, D).</param>
    /// <param name="second">The block's second argument.</param>
    /// <param name="third">The block's third argument.</param>
    /// <param name="fourth">The block's fourth argument.</param>
    /// <param name="fifth">The block's fifth argument.</param>
    /// <returns>Tokens, (N, T, D), of the type of <paramref name="x"/>.</returns>
    public static Tensor Call(
        nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor> block,
        Tensor x,
        Tensor second,
        Tensor third,
        Tensor fourth,
        Tensor fifth) =>
        BlockScope.Current is { } scope
            ? scope.Call(inputs => block.call(inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]), x, second, third, fourth, fifth)
            : block.call(x, second, third, fourth, fifth);
}
