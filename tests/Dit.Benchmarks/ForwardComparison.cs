using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>One forward pass.</summary>
internal sealed class ForwardComparison(int batch, CompareOptions options) : IModelVisitor<IEnumerable<Row>>
{
    public IEnumerable<Row> VisitClassConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
    {
        var (device, card) = (options.Device, TModel.Card);
        using var noGradient = no_grad();
        using var model = Workload.Create<TModel>(device);
        var graph = new OfficialGraph(model, card);
        var (x, t, labels) = Workload.Inputs(card, batch, device);
        var condition = new ClassLabels(labels);
        var flops = (double)card.Flops * batch;

        var baselinePeak = PeakOf(() => Finished(graph.Forward(x, t, labels)));
        using var plan = model.Plan();
        var ourPeak = PeakOf(() => Finished(plan.Forward(x, t, condition)));
        using var expected = model.call(x, t, labels);
        using var plain = graph.Forward(x, t, labels);
        Check(card, expected, plain);
        using var actual = plan.Forward(x, t, condition);

        var times = Paired.Measure(
            () => Finished(graph.Forward(x, t, labels)), () => Finished(plan.Forward(x, t, condition)), options.Rounds, options.Progress($"forward {card.Name}"), options.Cancellation);
        var name = $"forward {card.Name} b{batch}";
        yield return new(name, "plain graph", times, times.Ours.Median, flops, Workload.Difference(expected, actual), baselinePeak, ourPeak,
            FormattableString.Invariant($"{plan.Engine}; {plan.PackedBytes / 1048576.0:F0} MiB of packed weights"));
        if (options.Script is { } script && options.ScriptModel == card.Name)
            yield return Scripted(script, name, () => Finished(plan.Forward(x, t, condition)), x, t, labels, flops, actual);

        void Finished(Tensor output)
        {
            Workload.Finish(device);
            output.Dispose();
        }
    }

    public IEnumerable<Row> VisitTextConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel> => throw NotCompared(TModel.Card);

    public IEnumerable<Row> VisitUnconditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel> => throw NotCompared(TModel.Card);

    private static DitException NotCompared(ModelCard card) => new($"{card.Name} is not conditioned on classes: the plain graph is of class-conditional adaLN-Zero models.");

    // A baseline that computes something else would be no baseline.
    private static void Check(ModelCard card, Tensor expected, Tensor plain)
    {
        var difference = Workload.Difference(expected, plain);
        if (difference > 1e-4) throw new InvalidOperationException($"{card.Name}: the plain graph differs from the model's forward by {difference:E1}.");
    }

    private static double PeakOf(Action action)
    {
        Machine.ForgetPeakMemory();
        action();
        return Machine.PeakMemory();
    }

    private Row Scripted(string path, string name, Action ours, Tensor x, Tensor t, Tensor labels, double flops, Tensor actual)
    {
        using var script = jit.load(path, options.Device.type, options.Device.index);
        var times = Paired.Measure(
            () =>
            {
                ((Tensor)script.forward(x, t, labels)).Dispose();
                Workload.Finish(options.Device);
            },
            ours, options.Rounds, options.Progress("TorchScript"), options.Cancellation);
        using var output = (Tensor)script.forward(x, t, labels);
        return new(name, "TorchScript", times, times.Ours.Median, flops, Workload.Difference(output, actual), Note: "the script has weights of its own, so outputs differ unless they are the same");
    }
}
