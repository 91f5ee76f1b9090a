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
    private static readonly Gen<(string Schedule, int Timesteps, double Steps)> Process =
        from schedule in Gen.OneOf("linear", "squared-cosine", "scaled-linear")
        from timesteps in Gen.Frequency((4, Gen.Int[2, 60]), (4, Gen.Int[2, 4000]), (1, Gen.Const(21)), (1, Gen.OneOf(2, 99_999, 100_000)))
        from steps in Gen.Double[0, 1]
        select (schedule, schedule == "linear" ? Math.Max(21, timesteps) : timesteps, steps);

    [Fact]
    public void Every_legal_process_and_number_of_steps_can_be_set_up()
    {
        var random = new PCG(1, 5);
        for (var i = 0; i < 600; i++)
        {
            var (schedule, timesteps, share) = Process.Generate(random, null, out _);
            var steps = 2 + (int)Math.Round(share * (timesteps - 2));
            var process = new GaussianDiffusion(
                schedule switch
                {
                    "linear" => NoiseSchedule.Linear(timesteps),
                    "squared-cosine" => NoiseSchedule.SquaredCosine(timesteps),
                    _ => NoiseSchedule.ScaledLinear(timesteps),
                },
                Prediction.Epsilon,
                ModelVariance.LearnedRange);

            foreach (var respacing in (Respacing[])[Respacing.Even(steps), Respacing.StrideOrEven(steps, timesteps)])
            {
                var faster = process.Respace(respacing);
                Assert.True(faster.Timesteps == steps, $"{respacing} of {timesteps} gives {faster.Timesteps}");
                if (faster.Schedule.PosteriorLogVarianceClipped.Any(static value => !double.IsFinite(value)))
                    Assert.Fail($"{schedule} {timesteps}, {respacing}: a variance is not finite");
            }
        }
    }

    // What the binder takes for a legal flow, the runtime takes too, and nothing else.
    [Fact]
    public void A_flow_is_legal_in_a_spec_exactly_when_it_can_be_set_up()
    {
        foreach (var prediction in Enum.GetValues<Prediction>())
            foreach (var loss in Enum.GetValues<Prediction>())
                foreach (var weight in Enum.GetValues<FlowWeight>())
                    Assert.True(
                        IsLegal($"prediction: {Word(prediction)}, loss: {Word(loss)}, weight: {Word(weight)}")
                            == CanBeSetUp(prediction, new() { Loss = loss, Weight = weight }),
                        $"{prediction}, {loss}, {weight}");
    }

    private static string Word<T>(T value) where T : struct, Enum => value is Prediction.StartX ? "start-x" : $"{value}".ToLowerInvariant();

    private static bool CanBeSetUp(Prediction prediction, FlowTraining training)
    {
        try
        {
            return new Flow(FlowPath.Gvp, prediction, training).Training == training;
        }
        catch (Checkpoints.DitException)
        {
            return false;
        }
    }

    private static bool IsLegal(string keys) => !Spec.SpecFile.Parse($$"""
        model: A
        depth: 1
        width: 8
        heads: 2
        patch_size: 2
        input: { channels: 4, size: 8 }
        conditioning: none
        diffusion: { schedule: flow-gvp, {{keys}} }
        """).Errors.Any();
}
