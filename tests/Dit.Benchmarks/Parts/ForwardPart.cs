using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A forward pass without gradients.</summary>
internal sealed class ForwardPart(Bench bench) : BenchPart
{
    private const int Rounds = 7;

    public override IEnumerable<BenchRow> VisitClassConditional<TModel>()
    {
        var card = TModel.Card;
        var n = bench.Options.BatchOf(card);
        var name = $"forward {card.Name} b{n}";
        bench.Status.Show($"{name}  preparing");
        using var frozen = no_grad();
        using var model = BenchModel.Create<TModel>(bench.Device, bench.Options.Type);
        using var input = BenchModel.Input(card, n, bench.Device, bench.Options.Type);
        var graph = new OfficialGraph(card, model.state_dict());
        var row = new BenchRow(name, "forward") { Model = card.Name, Batch = n, Baseline = BaselineName };
        foreach (var measured in Measure(model, graph, input, row, card.Flops * (double)n)) yield return measured;
    }

    private IEnumerable<BenchRow> Measure<TModel>(TModel model, OfficialGraph graph, BenchInput input, BenchRow row, double flops)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
    {
        row = row with { BaselinePeakRssMb = bench.PeakOf(Baseline) }; // before there are packed weights
        using var session = ((IClassConditionalModel)model).CreateSession();
        row = Compared(model, graph, session, input, row) with { Engine = session.Engine, PeakRssMb = bench.PeakOf(Ours) };
        if (bench.Pair(row.Name, Rounds, Baseline, Ours) is { } times) yield return row.With(times, flops);

        if (bench.Options.Script is not { } script || script.Model.Card.Name != row.Model) yield break;
        using var module = TorchScript.Load(script.File, bench.Device);
        var scripted = new BenchRow($"{row.Name}, script", row.Part) { Model = row.Model, Batch = row.Batch, Baseline = "TorchScript", Engine = row.Engine, BaselinePeakRssMb = bench.PeakOf(Script) };
        if (bench.Pair(scripted.Name, Rounds, Script, Ours) is { } more) yield return scripted.With(more, flops);

        void Baseline() => graph.Forward(input.X, input.T, input.Labels).Dispose();
        void Ours() => OurForward(session, input).Dispose();
        void Script() => module.Forward(input).Dispose();
    }

    // The one place that says how a model is called for inference.
    private static Tensor OurForward(InferenceSession<ClassLabels> session, BenchInput input) => session.Forward(input.X, input.T, new(input.Labels));

    private static BenchRow Compared<TModel>(TModel model, OfficialGraph graph, InferenceSession<ClassLabels> session, BenchInput input, BenchRow row)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
    {
        using var scope = NewDisposeScope();
        var truth = model.call(input.X, input.T, input.Labels);
        var (plain, ours) = (graph.Forward(input.X, input.T, input.Labels), OurForward(session, input));
        var value = BenchModel.MaxValue(truth);
        var compared = row with { MaxValue = value, BaselineMaxDifference = BenchModel.MaxDifference(plain, truth), MaxDifference = BenchModel.MaxDifference(ours, truth) };
        BenchModel.RequireSame("The baseline", compared.BaselineMaxDifference ?? double.NaN, value, input.X.dtype);
        BenchModel.RequireSame("The session", compared.MaxDifference ?? double.NaN, value, input.X.dtype);
        return compared;
    }
}
