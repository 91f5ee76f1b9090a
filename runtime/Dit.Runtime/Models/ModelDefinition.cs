using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A generated model as a value: lists of models are made of these.</summary>
/// <remarks>The model's type stays known: <see cref="Accept{TResult}(IModelVisitor{TResult})"/> hands it to a visitor
/// as a type argument.</remarks>
public abstract class ModelDefinition
{
    private ModelDefinition(ModelCard card) => Card = card;

    /// <summary>The model's constants.</summary>
    public ModelCard Card { get; }

    /// <summary>The definition of a generated model.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <typeparam name="TCondition">What it is conditioned on.</typeparam>
    /// <typeparam name="TProcess">The process it is trained for.</typeparam>
    public static ModelDefinition Of<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess => new Typed<TModel, TCondition, TProcess>();

    /// <summary>Calls <paramref name="visitor"/> with the model's type.</summary>
    public abstract TResult Accept<TResult>(IModelVisitor<TResult> visitor);

    private sealed class Typed<TModel, TCondition, TProcess>() : ModelDefinition(TModel.Card)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        public override TResult Accept<TResult>(IModelVisitor<TResult> visitor) => visitor.Visit<TModel, TCondition, TProcess>();
    }
}

/// <summary>Something done with a model whose type is known only when the program runs.</summary>
/// <typeparam name="TResult">What it gives.</typeparam>
public interface IModelVisitor<out TResult>
{
    /// <summary>Called with the type of the model.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <typeparam name="TCondition">What it is conditioned on.</typeparam>
    /// <typeparam name="TProcess">The process it is trained for.</typeparam>
    TResult Visit<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess;
}
