using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>
/// DDIM with guidance: the baseline computes everything at each step, both halves in one batch, in the library's loop.
/// </summary>
internal sealed class SamplingPart(Bench bench) : BenchPart
{
    private const int Rounds = 2;
    private const double Scale = 4;
    private const long Seed = 3;

    protected override IEnumerable<BenchRow> Measure<TModel, TCondition, TProcess>()
    {
        var card = TModel.Card;
        var (n, steps) = (Math.Max(1, bench.Options.BatchOf(card) / 2), bench.Options.Steps);
        if (new Ddim(steps) is not Solver<TProcess> solver) yield break; // of another process
        var sampler = new Sampler<TModel, TCondition, TProcess>($"ddim-{steps}", solver);
        var name = $"ddim-{steps} {card.Name} b{n}";
        bench.Status.Show($"{name}  preparing");
        using var frozen = no_grad();
        using var model = BenchModel.Create<TModel>(bench.Device, bench.Options.Type);
        using var input = BenchModel.Input(card, n, bench.Device);
        using var noise = new KeyedNoise(Seed, 0, n, card.Input, bench.Device);
        using var start = noise.Next();
        var graph = new OfficialGraph(card, model.state_dict());
        var labels = Labels(input);
        var row = new BenchRow(name, "ddim")
        {
            Model = card.Name,
            Batch = n,
            Baseline = BaselineName,
            BaselinePeakRssMb = bench.PeakOf(() => Baseline().Dispose()),
            PeakRssMb = bench.PeakOf(() => Ours().Dispose()),
        };
        var times = bench.Pair(name, Rounds, () => Baseline().Dispose(), () => Ours().Dispose());
        if (times is null) yield break;
        using var expected = Baseline();
        using var drawn = Ours();
        yield return row.With(times, card.Flops * 2.0 * n * steps) with
        {
            MaxDifference = BenchModel.MaxDifference(drawn, expected),
            MaxValue = BenchModel.MaxValue(expected),
        };

        Tensor Baseline() => Plain(sampler.Loop, graph, start, labels, card);
        Tensor Ours() => sampler.Sample(model, Of<TCondition>(labels), Scale, Seed, new() { Cancellation = bench.Cancellation });
    }

    private Tensor Plain<TProcess>(SamplingLoop<TProcess> loop, OfficialGraph graph, Tensor start, Tensor labels, ModelCard card)
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        using Scalar scale = Scale;
        using var nullClass = full_like(labels, card.NullClass);
        var classes = cat([labels, nullClass]);
        using var noise = new ReplayedNoise([cat([start, start])]);
        return loop.Sample(Denoise, noise, cancellation: bench.Cancellation)
            .chunk(2)[0].MoveToOuterDisposeScope();

        Tensor Denoise(Tensor x, double t)
        {
            using var input = x.to(bench.Options.Type);
            using var times = full(x.shape[0], t, ScalarType.Float32, x.device);
            return graph.ForwardWithGuidance(input, times, classes, scale);
        }
    }
}
