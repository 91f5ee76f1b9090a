using System.Collections.Immutable;

namespace Dit.Runtime;

/// <summary>
/// The noise added at each of S timesteps, and every table of the diffusion process that follows from it, in float64.
/// </summary>
/// <remarks>
/// Notation of DDPM (Ho et al., arXiv 2006.11239, section 2): beta is the variance added at a step, alpha = 1 - beta,
/// and "alphas cumulative product" (alpha bar) is the share of the signal's variance that is left. All tables have S
/// entries.
/// </remarks>
public sealed class NoiseSchedule
{
    private NoiseSchedule(ImmutableArray<double> betas)
    {
        Betas = betas;
        AlphasCumprod = CumulativeProduct(betas);
        AlphasCumprodPrev = [1.0, .. AlphasCumprod[..^1]];
        AlphasCumprodNext = [.. AlphasCumprod[1..], 0.0];
        SqrtAlphasCumprod = Map(AlphasCumprod, Math.Sqrt);
        SqrtOneMinusAlphasCumprod = Map(AlphasCumprod, static a => Math.Sqrt(1 - a));
        LogOneMinusAlphasCumprod = Map(AlphasCumprod, static a => Math.Log(1 - a));
        SqrtRecipAlphasCumprod = Map(AlphasCumprod, static a => Math.Sqrt(1 / a));
        SqrtRecipm1AlphasCumprod = Map(AlphasCumprod, static a => Math.Sqrt(1 / a - 1));
        PosteriorVariance = PerStep(i => betas[i] * (1 - AlphasCumprodPrev[i]) / (1 - AlphasCumprod[i]));
        PosteriorMeanCoef1 = PerStep(i => betas[i] * Math.Sqrt(AlphasCumprodPrev[i]) / (1 - AlphasCumprod[i]));
        PosteriorMeanCoef2 = PerStep(i => (1 - AlphasCumprodPrev[i]) * Math.Sqrt(1 - betas[i]) / (1 - AlphasCumprod[i]));
        // The posterior variance of the first step is 0: its logarithm is taken from the second step instead.
        var second = betas.Length > 1 ? PosteriorVariance[1] : betas[0];
        PosteriorLogVarianceClipped = Map([second, .. PosteriorVariance[1..]], Math.Log);
        LogBetas = Map(betas, Math.Log);
        LargeVariance = [second, .. betas[1..]];
        LargeLogVariance = Map(LargeVariance, Math.Log);
    }

    /// <summary>S, the number of timesteps.</summary>
    public int Timesteps => Betas.Length;

    /// <summary>The variance added at each step, in (0, 1].</summary>
    public ImmutableArray<double> Betas { get; }

    /// <summary>alpha bar: the product of 1 - beta up to and with the step.</summary>
    public ImmutableArray<double> AlphasCumprod { get; }

    /// <summary>alpha bar of the step before, towards the data; 1 at the first.</summary>
    public ImmutableArray<double> AlphasCumprodPrev { get; }

    /// <summary>alpha bar of the step after, towards the noise; 0 at the last.</summary>
    public ImmutableArray<double> AlphasCumprodNext { get; }

    /// <summary>sqrt(alpha bar): the scale of the data in x_t.</summary>
    public ImmutableArray<double> SqrtAlphasCumprod { get; }

    /// <summary>sqrt(1 - alpha bar): the scale of the noise in x_t.</summary>
    public ImmutableArray<double> SqrtOneMinusAlphasCumprod { get; }

    /// <summary>log(1 - alpha bar).</summary>
    public ImmutableArray<double> LogOneMinusAlphasCumprod { get; }

    /// <summary>sqrt(1 / alpha bar).</summary>
    public ImmutableArray<double> SqrtRecipAlphasCumprod { get; }

    /// <summary>sqrt(1 / alpha bar - 1).</summary>
    public ImmutableArray<double> SqrtRecipm1AlphasCumprod { get; }

    /// <summary>Variance of q(x_{t-1} | x_t, x_0), "beta tilde" (DDPM, equation 7); 0 at the first step.</summary>
    public ImmutableArray<double> PosteriorVariance { get; }

    /// <summary>Logarithm of <see cref="PosteriorVariance"/>, its first entry replaced by the second's.</summary>
    public ImmutableArray<double> PosteriorLogVarianceClipped { get; }

    /// <summary>Factor of x_0 in the mean of q(x_{t-1} | x_t, x_0) (DDPM, equation 7).</summary>
    public ImmutableArray<double> PosteriorMeanCoef1 { get; }

    /// <summary>Factor of x_t in the mean of q(x_{t-1} | x_t, x_0) (DDPM, equation 7).</summary>
    public ImmutableArray<double> PosteriorMeanCoef2 { get; }

    /// <summary>log(beta): the upper end of the learned variance (Improved DDPM, equation 15).</summary>
    public ImmutableArray<double> LogBetas { get; }

    /// <summary>
    /// The "fixed large" variance: beta, its first entry replaced by the posterior variance of the second step.
    /// </summary>
    public ImmutableArray<double> LargeVariance { get; }

    /// <summary>Logarithm of <see cref="LargeVariance"/>.</summary>
    public ImmutableArray<double> LargeLogVariance { get; }

    /// <summary>
    /// Betas evenly spaced from 1e-4 to 0.02 (DDPM, section 4), times 1000 / S so that every S ends near pure noise.
    /// </summary>
    /// <param name="timesteps">
    /// S; at least 21, below which the last beta would reach 1 and leave no signal at all.
    /// </param>
    /// <exception cref="DitException">The number of timesteps gives a beta of 1 or more.</exception>
    public static NoiseSchedule Linear(int timesteps = 1000)
    {
        RequirePositive(timesteps);
        var scale = 1000.0 / timesteps;
        var (first, last) = (scale * 1e-4, scale * 0.02);
        if (timesteps <= 20)
            throw new DitException(
                FormattableString.Invariant(
                    $"A linear schedule of {timesteps} timesteps would need a beta of {last:0.###}, and all must be below 1: use 21 timesteps or more."));
        var step = timesteps > 1 ? (last - first) / (timesteps - 1) : 0;
        return new([.. Enumerable.Range(0, timesteps).Select(i => i == timesteps - 1 && i > 0 ? last : first + i * step)]);
    }

    /// <summary>
    /// alpha bar follows a squared cosine (Improved DDPM, arXiv 2102.09672, equation 17), betas capped at 0.999.
    /// </summary>
    /// <param name="timesteps">S, at least 1.</param>
    /// <exception cref="DitException">The number of timesteps is not positive.</exception>
    public static NoiseSchedule SquaredCosine(int timesteps = 1000)
    {
        RequirePositive(timesteps);
        static double AlphaBar(double t) => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2);
        return new([.. Enumerable.Range(0, timesteps).Select(i =>
            Math.Min(1 - AlphaBar((i + 1) / (double)timesteps) / AlphaBar(i / (double)timesteps), 0.999))]);
    }

    /// <summary>
    /// Betas whose square roots are evenly spaced from that of 0.00085 to that of 0.012, as Stable Diffusion has them
    /// (Rombach et al., arXiv 2112.10752, published code).
    /// </summary>
    /// <param name="timesteps">S, at least 1; the ends do not depend on it.</param>
    /// <exception cref="DitException">The number of timesteps is not positive.</exception>
    public static NoiseSchedule ScaledLinear(int timesteps = 1000)
    {
        RequirePositive(timesteps);
        const double first = 0.00085, last = 0.012;
        double Between(double share) => Math.Pow((1 - share) * Math.Sqrt(first) + share * Math.Sqrt(last), 2);
        return new([.. Enumerable.Range(0, timesteps).Select(i =>
            i == 0 ? first : i == timesteps - 1 ? last : Between(i / (timesteps - 1.0)))]);
    }

    /// <summary>The schedule with these betas.</summary>
    /// <param name="betas">At least one, each in (0, 1].</param>
    /// <exception cref="DitException">There is none, or one lies outside (0, 1].</exception>
    public static NoiseSchedule FromBetas(ReadOnlySpan<double> betas)
    {
        RequirePositive(betas.Length);
        for (var i = 0; i < betas.Length; i++)
        {
            if (!(betas[i] > 0 && betas[i] <= 1))
                throw new DitException($"Beta {i} is {betas[i]}: every beta of a noise schedule lies above 0 and at most at 1.");
        }
        return new([.. betas]);
    }

    /// <summary>
    /// The schedule that visits only these timesteps: betas recomputed so that alpha bar is kept at each of them.
    /// </summary>
    internal NoiseSchedule Retain(ImmutableArray<int> timesteps)
    {
        var betas = new double[timesteps.Length];
        var last = 1.0;
        for (var i = 0; i < betas.Length; i++)
        {
            var alphaBar = AlphasCumprod[timesteps[i]];
            betas[i] = 1 - alphaBar / last;
            last = alphaBar;
        }
        return new([.. betas]);
    }

    private static ImmutableArray<double> CumulativeProduct(ImmutableArray<double> betas)
    {
        var product = 1.0;
        return [.. betas.Select(beta => product *= 1 - beta)];
    }

    private static ImmutableArray<double> Map(ImmutableArray<double> table, Func<double, double> f) => [.. table.Select(f)];

    private ImmutableArray<double> PerStep(Func<int, double> f) => [.. Enumerable.Range(0, Timesteps).Select(f)];

    private static void RequirePositive(int timesteps)
    {
        if (timesteps < 1)
            throw new DitException($"A noise schedule of {timesteps} timesteps was asked for: it needs at least 1.");
    }
}
