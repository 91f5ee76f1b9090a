using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Which channels of the prediction classifier-free guidance changes.</summary>
public enum GuidanceChannels
{
    /// <summary>The first three, as the official DiT code does; its published figures were made so.</summary>
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
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale, GuidanceChannels channels, int inputChannels)
    {
        using var scope = NewDisposeScope();
        var guided = channels == GuidanceChannels.All ? inputChannels : Math.Min(3, inputChannels);
        var cond = conditional.narrow(1, 0, guided);
        var uncond = unconditional.narrow(1, 0, guided);
        var rest = conditional.narrow(1, guided, conditional.shape[1] - guided);
        using Scalar strength = scale; // kept until the call is over, see Scalars
        return cat([uncond + (cond - uncond) * strength, rest], dim: 1).MoveToOuterDisposeScope();
    }
}
