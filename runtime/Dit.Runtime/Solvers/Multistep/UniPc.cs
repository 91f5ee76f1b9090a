using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The function B(h) of UniPC (arXiv 2302.04867, section 3.1).</summary>
public enum UniPcVariant
{
    /// <summary>B(h) = h: for few steps without guidance.</summary>
    Bh1,

    /// <summary>B(h) = e^h - 1.</summary>
    Bh2,
}

/// <summary>
/// UniPC (Zhao et al., arXiv 2302.04867), multistep with predictions of the data: a predictor, and a corrector that
/// uses the network's next call, which is made anyway.
/// </summary>
/// <remarks>
/// With the corrector, the error falls with a power of the steps of one more than the order, up to 3: the first
/// steps know too few predictions for more.
/// </remarks>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1 to 3.</param>
/// <param name="Variant">The function B(h).</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">The order is not 1 to 3, or above the number of steps.</exception>
public sealed record UniPc<TProcess>(
    int Steps,
    int Order = 2,
    UniPcVariant Variant = UniPcVariant.Bh2,
    Spacing? Spacing = null,
    bool ClipDenoised = false)
    : MultistepSolver<TProcess>(Steps, Order, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override string Method => "unipc";

    /// <summary>Whether predictions of the noise are integrated; else those of the data.</summary>
    internal bool OfNoise { get; init; }

    /// <summary>Steps, from 0, whose result is not corrected.</summary>
    internal ImmutableArray<int> Uncorrected { get; init; } = [];

    // The order falls at the end however many steps there are.
    private protected override bool IsShort => true;

    private protected override SolverStep Step(
        TProcess process, Denoiser network, SolverRun run, ImmutableArray<NoiseNode> nodes, SolverState state)
    {
        var from = nodes[state.Step];
        var pair = PredictedPair.Of(process, from, network(state.X, from.Time), state.X, ClipDenoised, OfNoise);
        var model = OfNoise ? pair.Epsilon : pair.Start;
        // What a step leaves: the state that it left from, and the last predictions, the newest first.
        Tensor[] history = [.. state.History], models = [model, .. history.Skip(1)];
        var x = history is [var last, ..] ? Corrected(nodes, state.Step, state.X, last, models) : state.X;
        var sample = OfNoise && from.Alpha == 0
            ? WeightedSum.Of((nodes[state.Step + 1].Sigma, pair.Epsilon), (nodes[state.Step + 1].Alpha, pair.Start))
            : Predicted(nodes, state.Step, x, models);
        return new(sample, pair.Start, from.Time) { History = [x, .. models.Take(Order)] };
    }

    /// <summary>UniP (algorithm 6).</summary>
    private Tensor Predicted(ImmutableArray<NoiseNode> nodes, int step, Tensor x, Tensor[] models)
    {
        var order = OrderAt(nodes, step);
        var integral = Between(nodes[step], nodes[step + 1]);
        var r = Places(nodes, step, order);
        var rho = order == 2 ? [0.5] : Coefficients(integral, r);
        return Sum(integral, x, models[0], r, rho, models[1..order]);
    }

    /// <summary>UniC (algorithm 5): the last step again, with the prediction at its end.</summary>
    private Tensor Corrected(ImmutableArray<NoiseNode> nodes, int step, Tensor x, Tensor last, Tensor[] models)
    {
        var (from, to) = (nodes[step - 1], nodes[step]);
        var isInfinite = !double.IsFinite(from.Lambda); // then only bh2 has a limit, and only for the data
        if (Uncorrected.Contains(step - 1) || to.Lambda == from.Lambda || isInfinite && (OfNoise || Variant == UniPcVariant.Bh1)) return x;
        var order = OrderAt(nodes, step - 1);
        var integral = Between(from, to);
        double[] r = [.. Places(nodes, step - 1, order), 1];
        var rho = order == 1 ? [0.5] : Coefficients(integral, r);
        return Sum(integral, last, models[1], r, rho, [.. models.Skip(2).Take(order - 1), models[0]]);
    }

    private ExponentialStep Between(NoiseNode from, NoiseNode to) =>
        OfNoise ? ExponentialStep.OfNoise(from, to) : ExponentialStep.OfData(from, to);

    /// <summary>Where the earlier predictions lie, in units of the step; one less than the order.</summary>
    private static double[] Places(ImmutableArray<NoiseNode> nodes, int step, int order)
    {
        var h = nodes[step + 1].Lambda - nodes[step].Lambda;
        return [.. Enumerable.Range(1, order - 1).Select(k => (nodes[step - k].Lambda - nodes[step].Lambda) / h)];
    }

    /// <summary>B(h) times the scale of the integrals.</summary>
    private double B(ExponentialStep integral) => Variant == UniPcVariant.Bh1 ? integral.Scale : integral.First;

    /// <summary>The solution of R rho = b (equation 11), where R has the powers of r in its rows.</summary>
    private double[] Coefficients(ExponentialStep integral, double[] r)
    {
        var b = Enumerable.Range(1, r.Length).Select(k => integral.Weight(k + 1) * ExponentialStep.Factorial(k) / B(integral));
        return Vandermonde.Solve(r, [.. b]);
    }

    /// <summary>The step of first order, and B(h) sum rho_k (model_k - model_0) / r_k (equations 9 and 10).</summary>
    private Tensor Sum(ExponentialStep integral, Tensor x, Tensor newest, double[] r, double[] rho, Tensor[] others)
    {
        var weights = r.Zip(rho, (at, share) => B(integral) * share / at).ToArray();
        return WeightedSum.Of(
            [(integral.State, x), (integral.First - weights.Sum(), newest), .. weights.Zip(others)]);
    }
}
