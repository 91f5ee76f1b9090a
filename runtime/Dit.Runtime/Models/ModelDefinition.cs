using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A generated model as a value: lists of models are made of these.</summary>
/// <remarks>The model's type stays known: <see cref="Accept{TResult}(IModelVisitor{TResult})"/> hands it to a visitor as a type argument.</remarks>
public abstract class ModelDefinition
{
    private ModelDefinition(ModelCard card) => Card = card;

    /// <summary>The model's constants.</summary>
    public ModelCard Card { get; }

    /// <summary>The definition of a generated class-conditional model.</summary>
    public static ModelDefinition OfClasses<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel> => new ClassConditional<TModel>();

    /// <summary>The definition of a generated text-conditional model.</summary>
    public static ModelDefinition OfText<TModel>()
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel> => new TextConditional<TModel>();

    /// <summary>The definition of a generated unconditional model.</summary>
    public static ModelDefinition OfNothing<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel> => new Unconditional<TModel>();

    /// <summary>Calls <paramref name="visitor"/> with the model's type.</summary>
    public abstract TResult Accept<TResult>(IModelVisitor<TResult> visitor);

    /// <summary>Calls <paramref name="visitor"/> with the model's type, whatever its condition.</summary>
    public abstract TResult Accept<TResult>(IAnyModelVisitor<TResult> visitor);

    private sealed class ClassConditional<TModel>() : ModelDefinition(TModel.Card)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
    {
        public override TResult Accept<TResult>(IModelVisitor<TResult> visitor) => visitor.VisitClassConditional<TModel>();

        public override TResult Accept<TResult>(IAnyModelVisitor<TResult> visitor) => visitor.Visit<TModel>();
    }

    private sealed class TextConditional<TModel>() : ModelDefinition(TModel.Card)
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel>
    {
        public override TResult Accept<TResult>(IModelVisitor<TResult> visitor) => visitor.VisitTextConditional<TModel>();

        public override TResult Accept<TResult>(IAnyModelVisitor<TResult> visitor) => visitor.Visit<TModel>();
    }

    private sealed class Unconditional<TModel>() : ModelDefinition(TModel.Card)
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel>
    {
        public override TResult Accept<TResult>(IModelVisitor<TResult> visitor) => visitor.VisitUnconditional<TModel>();

        public override TResult Accept<TResult>(IAnyModelVisitor<TResult> visitor) => visitor.Visit<TModel>();
    }
}

/// <summary>Something done with a model whose type is known only when the program runs.</summary>
/// <typeparam name="TResult">What it gives.</typeparam>
public interface IModelVisitor<out TResult>
{
    /// <summary>Called for a class-conditional model.</summary>
    TResult VisitClassConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>;

    /// <summary>Called for a text-conditional model.</summary>
    TResult VisitTextConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel>;

    /// <summary>Called for an unconditional model.</summary>
    TResult VisitUnconditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel>;
}

/// <summary>Something done with a model whatever it is conditioned on.</summary>
/// <typeparam name="TResult">What it gives.</typeparam>
public interface IAnyModelVisitor<out TResult>
{
    /// <summary>Called for every model.</summary>
    TResult Visit<TModel>() where TModel : nn.Module, IModel<TModel>;
}
