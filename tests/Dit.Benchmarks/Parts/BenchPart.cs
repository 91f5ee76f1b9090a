using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A part of a comparison that measures a model.</summary>
internal abstract class BenchPart : IModelVisitor<IEnumerable<BenchRow>>
{
    /// <summary>What ours is compared with, if nothing else is said.</summary>
    public const string BaselineName = "operator by operator in TorchSharp";

    public IEnumerable<BenchRow> Visit<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess => Measure<TModel, TCondition, TProcess>();

    /// <summary>The rows of a model.</summary>
    protected abstract IEnumerable<BenchRow> Measure<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess;

    /// <summary>The labels of an input.</summary>
    internal static Tensor Labels(BenchInput input) =>
        input.Labels ?? throw new InvalidOperationException("Only class-conditional models are sampled and trained here.");

    /// <summary>Labels as the condition of a model.</summary>
    internal static TCondition Of<TCondition>(Tensor labels) =>
        new ClassLabels(labels) is TCondition condition
            ? condition
            : throw new InvalidOperationException("Only class-conditional models are measured.");
}
