using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Classifier-free guidance (Ho and Salimans, arXiv 2207.12598; DiT paper, section 3.3), as a value.</summary>
/// <remarks>A number converts to the guidance of that scale, so that <c>guidance: 4.0</c> is enough in most
/// calls.</remarks>
/// <param name="Scale">Guidance scale; with the usual convention, 1 is no guidance and one pass per step.</param>
public sealed record Guidance(double Scale = 1)
{
    /// <summary>No guidance.</summary>
    public static Guidance None { get; } = new();

    /// <summary>The channels to guide: by default the first three, as the official DiT code does.</summary>
    public GuidanceChannels Channels { get; init; } = GuidanceChannels.FirstThree;

    /// <summary>What <see cref="Scale"/> counts from.</summary>
    public GuidanceConvention Convention { get; init; } = GuidanceConvention.FromUnconditional;

    /// <summary>The noise levels at which guidance acts; null, the default, for all of them.</summary>
    public GuidanceInterval? Interval { get; init; }

    /// <summary>The scale in the usual convention, where 1 is no guidance.</summary>
    public double Strength => Convention == GuidanceConvention.FromConditional ? 1 + Scale : Scale;

    /// <summary>Whether there is guidance at all.</summary>
    public bool Acts => Strength != 1;

    /// <summary>Guidance of a scale, on the first three channels and at all noise levels.</summary>
    /// <param name="scale">Guidance scale; 1 is no guidance.</param>
    public static implicit operator Guidance(double scale) => new(scale);

    /// <summary>Whether it acts at a noise level.</summary>
    /// <param name="sigma">sigma(t) / alpha(t) of the process.</param>
    public bool ActsAt(double sigma) => Acts && (Interval is not { } interval || interval.Contains(sigma));

    /// <summary>The guided output of two passes: this guidance, whatever its interval.</summary>
    /// <param name="conditional">Model output under the condition, (N, C or 2 C, Y, X).</param>
    /// <param name="unconditional">Model output under the null condition, of the same shape.</param>
    /// <param name="inputChannels">C, the channels of the model's input: what lies beyond them is learned variance,
    /// never guided.</param>
    /// <returns>The guided output, (N, C or 2 C, Y, X).</returns>
    /// <exception cref="DitException">As for the other overload.</exception>
    public Tensor Combine(Tensor conditional, Tensor unconditional, int inputChannels) =>
        Combine(conditional, unconditional, Strength, Channels, inputChannels);

    /// <summary><c>unconditional + scale (conditional - unconditional)</c> on the guided channels, the conditional
    /// output on the others.</summary>
    /// <param name="conditional">Model output under the condition, (N, C or 2 C, Y, X).</param>
    /// <param name="unconditional">Model output under the null condition, of the same shape.</param>
    /// <param name="scale">Guidance scale; 1 gives the conditional output.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <param name="inputChannels">C, the channels of the model's input: what lies beyond them is learned variance,
    /// never guided.</param>
    /// <returns>The guided output, (N, C or 2 C, Y, X).</returns>
    /// <exception cref="DitException">
    /// The scale is not finite, the outputs differ in shape or have fewer channels than the input, or there are no such
    /// channels to guide.
    /// </exception>
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale, GuidanceChannels channels, int inputChannels)
    {
        RequireFinite(scale);
        if (conditional.dim() != 4 || !conditional.shape.AsSpan().SequenceEqual(unconditional.shape)
            || inputChannels < 1 || inputChannels > conditional.shape[1])
            throw new DitException(
                $"Guidance combines two outputs of the shape (N, C or 2 C, Y, X), C = {inputChannels}, but these have "
                + $"({string.Join(", ", conditional.shape)}) and ({string.Join(", ", unconditional.shape)}).");
        using var scope = NewDisposeScope();
        var guided = channels switch
        {
            GuidanceChannels.All => inputChannels,
            GuidanceChannels.FirstThree => Math.Min(3, inputChannels),
            _ => throw new DitException(
                $"There are no channels '{channels}' to guide: choose {nameof(GuidanceChannels.FirstThree)} or "
                    + $"{nameof(GuidanceChannels.All)}."),
        };
        var cond = conditional.narrow(1, 0, guided);
        var uncond = unconditional.narrow(1, 0, guided);
        var rest = conditional.narrow(1, guided, conditional.shape[1] - guided);
        using Scalar strength = scale; // kept until the call is over, see Scalars
        return cat([uncond + (cond - uncond) * strength, rest], dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Makes sure that a model can be guided so.</summary>
    /// <param name="card">The model.</param>
    /// <exception cref="DitException">The scale is not finite, or the model knows no null condition.</exception>
    public void Require(ModelCard card)
    {
        RequireFinite(Scale);
        if (!Acts || card.CanBeGuided) return;
        throw new DitException(card.Condition.Match(
            _ => $"{card.Name} cannot be guided: it is conditioned on nothing. Sample with guidance 1.",
            _ => WithoutNull("class"),
            _ => WithoutNull("text")));

        string WithoutNull(string what) =>
            $"{card.Name} cannot be guided: its spec has conditioning.dropout 0, so it has no null {what}. Sample with guidance 1.";
    }

    private static void RequireFinite(double scale)
    {
        if (!double.IsFinite(scale))
            throw new DitException(FormattableString.Invariant($"A guidance scale of {scale} was given: it must be a finite number."));
    }
}
