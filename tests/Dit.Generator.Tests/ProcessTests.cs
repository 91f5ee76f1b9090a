using CsCheck;
using Dit.Runtime;

namespace Dit.Generator.Tests;

/// <summary>
/// What the binder takes for a legal process, the runtime takes too: generated code sets processes and samplers up when
/// its class is first used.
/// </summary>
public class ProcessTests
{
    // The least that the binder takes, the greatest, and what lies between.
    private static readonly Gen<(bool Linear, int Timesteps, double Steps)> Process =
        from linear in Gen.Bool
        from timesteps in Gen.Frequency((4, Gen.Int[2, 60]), (4, Gen.Int[2, 4000]), (1, Gen.Const(21)), (1, Gen.OneOf(2, 99_999, 100_000)))
        from steps in Gen.Double[0, 1]
        select (linear, linear ? Math.Max(21, timesteps) : timesteps, steps);

    [Fact]
    public void Every_legal_process_and_number_of_steps_can_be_set_up()
    {
        var random = new PCG(1, 5);
        for (var i = 0; i < 600; i++)
        {
            var (linear, timesteps, share) = Process.Generate(random, null, out _);
            var steps = 2 + (int)Math.Round(share * (timesteps - 2));
            var process = new GaussianDiffusion(
                linear ? NoiseSchedule.Linear(timesteps) : NoiseSchedule.SquaredCosine(timesteps),
                Prediction.Epsilon,
                ModelVariance.LearnedRange);

            foreach (var respacing in (Respacing[])[Respacing.Even(steps), Respacing.StrideOrEven(steps, timesteps)])
            {
                var faster = process.Respace(respacing);
                Assert.True(faster.Timesteps == steps, $"{respacing} of {timesteps} gives {faster.Timesteps}");
                if (faster.Schedule.PosteriorLogVarianceClipped.Any(static value => !double.IsFinite(value)))
                    Assert.Fail($"{(linear ? "linear" : "squared-cosine")} {timesteps}, {respacing}: a variance is not finite");
            }
        }
    }
}
