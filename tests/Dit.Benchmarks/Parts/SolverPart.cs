using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>
/// Each solver beside DDIM with as many evaluations of the network: what a solver costs besides them.
/// </summary>
internal sealed class SolverPart(Bench bench) : BenchPart
{
    private const int Rounds = 5;
    private const int Evaluations = 10;
    private const double Scale = 4;
    private const long Seed = 3;

    protected override IEnumerable<BenchRow> Measure<TModel, TCondition, TProcess>()
    {
        var (card, n) = (TModel.Card, Math.Max(1, bench.Options.BatchOf(TModel.Card) / 2));
        using var frozen = no_grad();
        using var model = BenchModel.Create<TModel>(bench.Device, bench.Options.Type);
        using var input = BenchModel.Input(card, n, bench.Device);
        using var session = model.CreateSession();
        foreach (var (method, solver) in Solvers<TProcess>())
        {
            var name = $"{method} {card.Name} b{n}";
            var evaluations = solver.EvaluationsFor(TModel.Process) ?? Evaluations;
            if (new Ddim(evaluations) as object is not Solver<TProcess> ddim) yield break;
            var row = new BenchRow(name, "solvers")
            {
                Model = card.Name,
                Batch = n,
                Baseline = "DDIM with as many evaluations",
            };
            if (bench.Pair(name, Rounds, () => Draw(ddim).Dispose(), () => Draw(solver).Dispose()) is not { } times) yield break;
            yield return row.With(times, card.Flops * 2.0 * n * evaluations);
        }

        Tensor Draw(Solver<TProcess> solver) => new Sampler<TModel, TCondition, TProcess>(solver.Method, solver).Sample(
            model, Of<TCondition>(Labels(input)), Scale, Seed, new() { Session = session, Cancellation = bench.Cancellation });
    }

    private static IEnumerable<(string, Solver<TProcess>)> Solvers<TProcess>()
        where TProcess : IProcess =>
    [
        ("dpm-solver++", new DpmSolverPlusPlus<TProcess>(Evaluations)),
        ("unipc", new UniPc<TProcess>(Evaluations)),
        ("heun", new Heun<TProcess>((Evaluations + 1) / 2)), // its last step needs one evaluation
        ("sde-dpm-solver++", new SdeDpmSolverPlusPlus<TProcess>(Evaluations)),
    ];
}
