using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A part of a comparison that measures a class-conditional model.</summary>
internal abstract class BenchPart : IModelVisitor<IEnumerable<BenchRow>>
{
    /// <summary>What ours is compared with, if nothing else is said.</summary>
    public const string BaselineName = "operator by operator in TorchSharp";

    public abstract IEnumerable<BenchRow> VisitClassConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>;

    public IEnumerable<BenchRow> VisitTextConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel> => [];

    public IEnumerable<BenchRow> VisitUnconditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel> => [];
}
