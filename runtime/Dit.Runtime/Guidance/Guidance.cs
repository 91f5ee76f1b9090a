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
    public GuidanceConvention Convention { get; init; } = GuidanceConvention.Dit;

    /// <summary>The noise levels at which guidance acts; null, the default, for all of them.</summary>
    public GuidanceInterval? Interval { get; init; }

    /// <summary>
    /// How far the guided output is brought back to the standard deviation of the conditional one, 0 to 1 (Lin et al.,
    /// arXiv 2305.08891, section 3.4, phi): 0, the default, leaves it, 1 is all the way; the paper takes 0.7.
    /// </summary>
    /// <remarks>Guidance with a large scale makes outputs larger, and images overexposed. The deviation is that of one
    /// sample's guided channels.</remarks>
    /// <exception cref="DitException">It is not a number from 0 to 1.</exception>
    public double Rescale
    {
        get;
        init => field = value is >= 0 and <= 1
            ? value
            : throw new DitException(
                FormattableString.Invariant($"A guidance rescale of {value} was given: it must be a number from 0 to 1."));
    }

    /// <summary>Adaptive projected guidance in place of the plain difference; null, the default, for the plain
    /// one.</summary>
    public AdaptiveProjection? Projection { get; init; }

    /// <summary>The scale in the usual convention, where 1 is no guidance.</summary>
    public double Strength => Convention == GuidanceConvention.UVit ? 1 + Scale : Scale;

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
    /// <exception cref="DitException">
    /// As for the other overload, or the guidance has a <see cref="Projection"/>: that needs the state and the run,
    /// which a sampler has.
    /// </exception>
    public Tensor Combine(Tensor conditional, Tensor unconditional, int inputChannels)
    {
        if (Projection is not null)
            throw new DitException(
                "Adaptive projected guidance needs the state and the run, so it cannot combine two outputs alone: draw with a sampler.");
        return OnGuided(
            conditional, unconditional, Strength, Channels, inputChannels, (cond, uncond) => Rescaled(Mixed(cond, uncond, Strength), cond));
    }

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
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale, GuidanceChannels channels, int inputChannels) =>
        OnGuided(conditional, unconditional, scale, channels, inputChannels, (cond, uncond) => Mixed(cond, uncond, scale));

    /// <summary>An output whose guided channels are a function of those of two outputs, and whose others are the
    /// conditional ones.</summary>
    internal static Tensor OnGuided(
        Tensor conditional, Tensor unconditional, double scale, GuidanceChannels channels, int inputChannels,
        Func<Tensor, Tensor, Tensor> guide)
    {
        RequireFinite(scale);
        if (conditional.dim() != 4 || !conditional.shape.AsSpan().SequenceEqual(unconditional.shape)
            || inputChannels < 1 || inputChannels > conditional.shape[1])
            throw new DitException(
                $"Guidance combines two outputs of the shape (N, C or 2 C, Y, X), C = {inputChannels}, but these have "
                + $"({string.Join(", ", conditional.shape)}) and ({string.Join(", ", unconditional.shape)}).");
        using var scope = NewDisposeScope();
        var guided = GuidedOf(channels, inputChannels);
        var rest = conditional.narrow(1, guided, conditional.shape[1] - guided);
        var combined = guide(conditional.narrow(1, 0, guided), unconditional.narrow(1, 0, guided));
        return cat([combined, rest], dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>How many channels are guided: they are the first ones.</summary>
    internal static int GuidedOf(GuidanceChannels channels, int inputChannels) => channels switch
    {
        GuidanceChannels.All => inputChannels,
        GuidanceChannels.FirstThree => Math.Min(3, inputChannels),
        _ => throw new DitException(
            $"There are no channels '{channels}' to guide: choose {nameof(GuidanceChannels.FirstThree)} or "
                + $"{nameof(GuidanceChannels.All)}."),
    };

    /// <summary>A guided output brought back to the deviation of the conditional one, as far as <see cref="Rescale"/>
    /// says.</summary>
    internal Tensor Rescaled(Tensor guided, Tensor conditional)
    {
        if (Rescale == 0) return guided;
        var (wanted, given) = (Deviation(conditional), Deviation(guided));
        using Scalar share = Rescale, rest = 1 - Rescale; // kept until the call is over, see Scalars
        var factor = (wanted / given).nan_to_num(nan: 1) * share + rest; // an output of one value has no deviation
        return (GaussianMath.Compute(guided) * factor).to(guided.dtype);
    }

    private static Tensor Deviation(Tensor output) => GaussianMath.Compute(output).std([1, 2, 3], unbiased: false, keepdim: true);

    private static Tensor Mixed(Tensor cond, Tensor uncond, double scale)
    {
        using Scalar strength = scale; // kept until the call is over, see Scalars
        return uncond + (cond - uncond) * strength;
    }

    /// <summary>Makes sure that a model can be guided so.</summary>
    /// <param name="card">The model.</param>
    /// <exception cref="DitException">The scale is not finite, or the model knows no null condition.</exception>
    public void Require(ModelCard card) => Require(card, hasNegative: false);

    /// <summary>The same, where a condition to lead away from may be given in place of the null condition.</summary>
    internal void Require(ModelCard card, bool hasNegative)
    {
        RequireFinite(Scale);
        if (!Acts || card.CanBeGuided || (hasNegative && card.Condition is not ModelCondition.None)) return;
        throw new DitException(card.Condition.Match(
            _ => $"{card.Name} cannot be guided: it is conditioned on nothing. Sample with guidance 1.",
            _ => WithoutNull("class"),
            _ => WithoutNull("text")));

        string WithoutNull(string what) =>
            $"{card.Name} cannot be guided: its spec has conditioning.dropout 0, so it has no null {what}. Sample with guidance 1, or give "
            + $"a negative {what}.";
    }

    private static void RequireFinite(double scale)
    {
        if (!double.IsFinite(scale))
            throw new DitException(FormattableString.Invariant($"A guidance scale of {scale} was given: it must be a finite number."));
    }
}
