using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The stochastic sampler of Karras et al. (EDM, arXiv 2206.00364, algorithm 2): before a step it adds noise, and the
/// step, Heun's, starts from the higher noise level. Of second order without the noise; two calls of the network in a
/// step, and one in the last.
/// </summary>
/// <remarks>
/// New noise corrects the errors of earlier steps, and too much of it removes detail, so the paper searches the
/// settings for each dataset (table 5); the defaults here are those of ImageNet-64. With
/// <see cref="ButcherTableau.Euler"/> as its tableau it is the Euler form that diffusers has (EulerDiscrete with
/// <c>s_churn</c>), with one difference: there the network sees the state before the noise is added, while the paper
/// and this class call it at the noisier state.
/// </remarks>
/// <param name="Steps">Steps, at least 2.</param>
/// <param name="Churn">S_churn: noise that all steps add together, at least 0; with 0 it is <see
/// cref="Heun{TProcess}"/>. A step raises the noise level by a factor of 1 + min(S_churn / steps, sqrt(2) - 1).</param>
/// <param name="ChurnMin">S_tmin: the noise level, sigma / alpha, below which a step adds none.</param>
/// <param name="ChurnMax">S_tmax: the noise level above which a step adds none.</param>
/// <param name="ChurnNoise">S_noise: the standard deviation of the added noise, above 0.</param>
/// <param name="Spacing">Where the steps begin and end; by default <see cref="Spacing.Karras"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">A setting is not a number of its range.</exception>
public sealed record Edm(
    int Steps,
    double Churn = 40,
    double ChurnMin = 0.05,
    double ChurnMax = 50,
    double ChurnNoise = 1.003,
    Spacing? Spacing = null,
    bool ClipDenoised = false)
    : RungeKutta<GaussianDiffusion>(Steps, ButcherTableau.Heun, Spacing, ClipDenoised)
{
    /// <summary>S_churn: noise that all steps add together, at least 0.</summary>
    public double Churn { get; init => field = Required(nameof(Churn), value); } = Required(nameof(Churn), Churn);

    /// <summary>S_tmin: the noise level, sigma / alpha, below which a step adds none.</summary>
    public double ChurnMin { get; init => field = Required(nameof(ChurnMin), value); } = Required(nameof(ChurnMin), ChurnMin);

    /// <summary>S_tmax: the noise level above which a step adds none.</summary>
    public double ChurnMax { get; init => field = Required(nameof(ChurnMax), value); } = Required(nameof(ChurnMax), ChurnMax);

    /// <summary>S_noise: the standard deviation of the added noise.</summary>
    public double ChurnNoise { get; init => field = Required(nameof(ChurnNoise), value); } = Required(nameof(ChurnNoise), ChurnNoise);

    private static readonly double MostGamma = Math.Sqrt(2) - 1; // algorithm 2, line 4

    /// <inheritdoc/>
    public override string Method => "edm";

    private protected override NoiseNode StartOf(Ode ode, NoiseNode node)
    {
        var level = ode.PlaceOf(node);
        if (Churn <= 0 || level < ChurnMin || level > ChurnMax) return node;
        var raised = level * (1 + Math.Min(Churn / Steps, MostGamma));
        return ode.NodeAt(Math.Min(raised, Math.Max(level, ode.Process.NoiseLevel(ode.Process.NoiseTime))));
    }

    private protected override Tensor Raised(Tensor y, double level, double raised, SolverRun run)
    {
        if (raised <= level) return y;
        using var noise = run.NextNoise(y);
        return WeightedSum.Of((1, y), (Math.Sqrt(raised * raised - level * level) * ChurnNoise, noise));
    }

    private static double Required(string name, double value) => value >= 0
        ? value
        : throw new DitException(FormattableString.Invariant($"{name} is {value}: it must be a number, 0 or above."));
}
