using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A forward pass without gradients.</summary>
internal sealed class ForwardPart(Bench bench) : BenchPart
{
    private const int Rounds = 7;

    protected override IEnumerable<BenchRow> Measure<TModel, TCondition, TProcess>()
    {
        var card = TModel.Card;
        var n = bench.Options.BatchOf(card);
        var name = $"forward {card.Name} b{n}";
        bench.Status.Show($"{name}  preparing");
        using var frozen = no_grad();
        using var model = BenchModel.Create<TModel>(bench.Device, bench.Options.Type);
        using var input = BenchModel.Input(card, n, bench.Device, bench.Options.Type);
        var graph = PlainGraph.Of(card, model.state_dict());
        var row = new BenchRow(name, "forward") { Model = card.Name, Batch = n, Baseline = BaselineName };
        foreach (var measured in Rows<TModel, TCondition, TProcess>(model, graph, input, row, card.Flops * (double)n))
            yield return measured;
    }

    private IEnumerable<BenchRow> Rows<TModel, TCondition, TProcess>(
        TModel model,
        PlainGraph graph,
        BenchInput input,
        BenchRow row,
        double flops)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        row = row with { BaselinePeakRssMb = bench.PeakOf(Baseline) }; // before there are packed weights
        var condition = input.Condition<TCondition>(TModel.Card);
        using var session = model.CreateSession();
        row = Compared<TModel, TCondition, TProcess>(model, graph, session, input, condition, row) with
        {
            Engine = session.Engine,
            PeakRssMb = bench.PeakOf(Ours),
        };
        if (bench.Pair(row.Name, Rounds, Baseline, Ours) is { } times) yield return row.With(times, flops);

        if (bench.Options.Script is not { } script || script.Model.Card.Name != row.Model) yield break;
        using var module = TorchScript.Load(script.File, bench.Device);
        var scripted = new BenchRow($"{row.Name}, script", row.Part)
        {
            Model = row.Model,
            Batch = row.Batch,
            Baseline = "TorchScript",
            Engine = row.Engine,
            BaselinePeakRssMb = bench.PeakOf(Script),
        };
        if (bench.Pair(scripted.Name, Rounds, Script, Ours) is { } more) yield return scripted.With(more, flops);

        void Baseline() => graph.Forward(input).Dispose();
        void Ours() => OurForward(session, input, condition).Dispose();
        void Script() => module.Forward(input).Dispose();
    }

    // The one place that says how a model is called for inference.
    private static Tensor OurForward<TCondition>(InferenceSession<TCondition> session, BenchInput input, TCondition condition)
        where TCondition : ICondition<TCondition> => session.Forward(input.X, input.T, condition);

    private static BenchRow Compared<TModel, TCondition, TProcess>(
        TModel model, PlainGraph graph, InferenceSession<TCondition> session, BenchInput input,
        TCondition condition, BenchRow row)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        var truth = model.Predict(input.X, input.T, condition);
        var (plain, ours) = (graph.Forward(input), OurForward(session, input, condition));
        var value = BenchModel.MaxValue(truth);
        var compared = row with
        {
            MaxValue = value,
            BaselineMaxDifference = BenchModel.MaxDifference(plain, truth),
            MaxDifference = BenchModel.MaxDifference(ours, truth),
        };
        BenchModel.RequireSame("The baseline", compared.BaselineMaxDifference ?? double.NaN, value, input.X.dtype);
        BenchModel.RequireSame("The session", compared.MaxDifference ?? double.NaN, value, input.X.dtype);
        return compared;
    }
}
