using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>DPM-Solver and DPM-Solver++ beside the published implementation, on a generated DiT.</summary>
public sealed class GoldenDpmTests : IDisposable
{
    private const int Steps = 10;

    private readonly IDisposable scope = NewDisposeScope();
    private readonly GoldenFile golden = new("dpm-solver", "dpm");

    public void Dispose()
    {
        golden.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData("dpm", 1), InlineData("dpm", 2), InlineData("dpm", 3)]
    [InlineData("dpmpp", 1), InlineData("dpmpp", 2), InlineData("dpmpp", 3)]
    public void Samples_are_those_of_the_published_solver(string method, int order)
    {
        using var model = GoldenP2Fixed.Create();
        using (no_grad())
        {
            var state = model.state_dict();
            foreach (var (name, value) in golden.Under("param.")) state[name].copy_(value);
        }
        foreach (var (word, spacing) in new[] { ("time_uniform", Spacing.Time), ("logSNR", Spacing.LogSnr) })
        {
            // This implementation does not lower the order towards the end, as later ones do, and halves a term.
            var ending = spacing with { EndsAtData = false };
            Solver<GaussianDiffusion> solver = method == "dpm"
                ? new DpmSolver<GaussianDiffusion>(Steps, order, ending) { LowersOrderAtEnd = false, Curvature = 0.5 }
                : new DpmSolverPlusPlus<GaussianDiffusion>(Steps, order, ending) { LowersOrderAtEnd = false, Curvature = 0.5 };
            // There the first timestep is 1, not 0.
            var sample = new SamplingLoop<GaussianDiffusion>(method, solver, GoldenP2Fixed.Process).Sample(
                (x, t) => model.call(x, full(x.shape[0], t + 1), golden["in.y"]),
                new ReplayedNoise([golden["in.z"]]));
            Close.To(golden[$"out.{method}.order{order}.{word}.{Steps}"], sample, Close.Loop, word);
        }
    }
}
