using System.Collections.Immutable;

namespace Dit.Runtime.Tests;

public sealed class NoiseScheduleTests : IDisposable
{
    private readonly GoldenFile golden = new("schedules");

    public void Dispose() => golden.Dispose();

    private static readonly string[] Names =
    [
        "linear-1000",
        "cosine-1000",
        "linear-1000@250",
        "linear-1000@ddim50",
        "linear-1000@10,15,20",
        "linear-1000@25",
    ];

    public static TheoryData<string> Processes => [.. Names];

    [Theory, MemberData(nameof(Processes))]
    public void Every_table_agrees_with_the_reference(string process)
    {
        var (schedule, timesteps) = Build(process);
        var compared = 0;
        foreach (var (table, values) in golden.Under(process + "."))
        {
            if (table == "timesteps")
                Assert.Equal(values.data<long>().Select(t => (int)t), timesteps);
            else
                AssertClose(values.data<double>().ToArray(), Table(schedule, table), $"{process}.{table}");
            compared++;
        }
        Assert.Equal(process.Contains('@') ? 10 : 9, compared);
    }

    [Fact]
    public void Every_reference_table_is_compared() =>
        Assert.All(golden.Names, table => Assert.Contains(Names, process => table.StartsWith(process + ".", StringComparison.Ordinal)));

    [Fact]
    public void A_schedule_from_betas_is_the_schedule_that_has_them()
    {
        var linear = NoiseSchedule.Linear(50);
        Assert.Equal<double>(linear.AlphasCumprod, NoiseSchedule.FromBetas(linear.Betas.AsSpan()).AlphasCumprod);
    }

    // The smallest and the largest sigma of Stable Diffusion, as they are usually quoted.
    [Fact]
    public void The_scaled_linear_schedule_is_that_of_Stable_Diffusion()
    {
        var schedule = NoiseSchedule.ScaledLinear();
        Assert.Equal((0.00085, 0.012), (schedule.Betas[0], schedule.Betas[^1]));
        Assert.Equal(0.0292, schedule.SqrtRecipm1AlphasCumprod[0], 1e-4);
        Assert.Equal(14.6146, schedule.SqrtRecipm1AlphasCumprod[^1], 1e-4);
        var roots = schedule.Betas.Select(Math.Sqrt).ToArray();
        Assert.All(Enumerable.Range(1, 999), i => Assert.Equal(roots[1] - roots[0], roots[i] - roots[i - 1], 1e-12));
        Assert.Equal(2, NoiseSchedule.ScaledLinear(2).Timesteps);
        Assert.Throws<DitException>(static () => NoiseSchedule.ScaledLinear(0));
    }

    [Fact]
    public void The_tables_of_a_single_step_are_finite()
    {
        var one = NoiseSchedule.Linear().Retain([999]);
        Assert.All([one.PosteriorLogVarianceClipped[0], one.LargeLogVariance[0], one.LogBetas[0]], value =>
            Assert.True(double.IsFinite(value)));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-0.1)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void A_beta_outside_0_to_1_is_refused(double beta)
    {
        var error = Assert.Throws<DitException>(() => NoiseSchedule.FromBetas([0.1, beta]));
        Assert.StartsWith("Beta 1 is", error.Message);
    }

    [Fact]
    public void A_schedule_needs_a_timestep()
    {
        Assert.Throws<DitException>(() => NoiseSchedule.Linear(0));
        Assert.Throws<DitException>(() => NoiseSchedule.SquaredCosine(-1));
        Assert.Throws<DitException>(() => NoiseSchedule.FromBetas([]));
    }

    [Fact]
    public void A_linear_schedule_too_short_for_betas_below_1_says_how_many_steps_work()
    {
        Assert.InRange(NoiseSchedule.Linear(21).Betas[^1], 0.9, 0.99);
        Assert.Contains("21 timesteps or more", Assert.Throws<DitException>(() => NoiseSchedule.Linear(20)).Message);
    }

    private static (NoiseSchedule, ImmutableArray<int>) Build(string process)
    {
        var parts = process.Split('@');
        var schedule = parts[0] == "cosine-1000" ? NoiseSchedule.SquaredCosine() : NoiseSchedule.Linear();
        var whole = new GaussianDiffusion(schedule, Prediction.Epsilon, ModelVariance.LearnedRange);
        var built = parts.Length > 1 ? whole.Respace(Respacing.Parse(parts[1])) : whole;
        return (built.Schedule, built.TimestepMap);
    }

    private static ImmutableArray<double> Table(NoiseSchedule schedule, string name) => name switch
    {
        "betas" => schedule.Betas,
        "alphas_cumprod" => schedule.AlphasCumprod,
        "alphas_cumprod_prev" => schedule.AlphasCumprodPrev,
        "sqrt_recip_alphas_cumprod" => schedule.SqrtRecipAlphasCumprod,
        "sqrt_recipm1_alphas_cumprod" => schedule.SqrtRecipm1AlphasCumprod,
        "posterior_variance" => schedule.PosteriorVariance,
        "posterior_log_variance_clipped" => schedule.PosteriorLogVarianceClipped,
        "posterior_mean_coef1" => schedule.PosteriorMeanCoef1,
        "posterior_mean_coef2" => schedule.PosteriorMeanCoef2,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such table."),
    };

    private static void AssertClose(double[] expected, ImmutableArray<double> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= 1e-12 * Math.Abs(expected[i]),
                $"{what}[{i}]: {actual[i]:r} instead of {expected[i]:r}");
    }
}
