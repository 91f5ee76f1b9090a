using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Which channels of the prediction classifier-free guidance changes.</summary>
public enum GuidanceChannels
{
    /// <summary>The first three channels of the input, as the official DiT code does for its four; its published figures were made so.</summary>
    /// <remarks>
    /// An input of fewer channels is guided in all of them. There the slice of the official code, <c>[:, :3]</c> of the output, would reach into the learned
    /// variance, of which there is no conditional and unconditional score to tell apart: here the variance is never guided.
    /// </remarks>
    FirstThree,

    /// <summary>Every channel of the input.</summary>
    All,
}

/// <summary>Classifier-free guidance (Ho and Salimans, arXiv 2207.12598; DiT paper, section 3.3).</summary>
public static class Guidance
{
    /// <summary><c>unconditional + scale (conditional - unconditional)</c> on the guided channels, the conditional output on the others.</summary>
    /// <param name="conditional">Model output under the label, (N, C or 2 C, Y, X).</param>
    /// <param name="unconditional">Model output under the null class, of the same shape.</param>
    /// <param name="scale">Guidance scale; 1 gives the conditional output.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <param name="inputChannels">C, the channels of the model's input: what lies beyond them is learned variance, never guided.</param>
    /// <returns>The guided output, (N, C or 2 C, Y, X).</returns>
    /// <exception cref="DitException">The scale is not finite, the outputs differ in shape or have fewer channels than the input, or there are no such channels to guide.</exception>
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale, GuidanceChannels channels, int inputChannels)
    {
        RequireFinite(scale);
        if (conditional.dim() != 4 || !conditional.shape.AsSpan().SequenceEqual(unconditional.shape) || inputChannels < 1 || inputChannels > conditional.shape[1])
            throw new DitException($"Guidance combines two outputs of the shape (N, C or 2 C, Y, X), C = {inputChannels}, but these have ({string.Join(", ", conditional.shape)}) and ({string.Join(", ", unconditional.shape)}).");
        using var scope = NewDisposeScope();
        var guided = channels switch
        {
            GuidanceChannels.All => inputChannels,
            GuidanceChannels.FirstThree => Math.Min(3, inputChannels),
            _ => throw new DitException($"There are no channels '{channels}' to guide: choose {nameof(GuidanceChannels.FirstThree)} or {nameof(GuidanceChannels.All)}."),
        };
        var cond = conditional.narrow(1, 0, guided);
        var uncond = unconditional.narrow(1, 0, guided);
        var rest = conditional.narrow(1, guided, conditional.shape[1] - guided);
        using Scalar strength = scale; // kept until the call is over, see Scalars
        return cat([uncond + (cond - uncond) * strength, rest], dim: 1).MoveToOuterDisposeScope();
    }

    internal static void RequireFinite(double scale)
    {
        if (!double.IsFinite(scale))
            throw new DitException(FormattableString.Invariant($"A guidance scale of {scale} was given: it must be a finite number."));
    }
}
