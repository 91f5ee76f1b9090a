using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A generated model as a value: lists of models are made of these.</summary>
/// <remarks>The model's type stays known: <see cref="Accept{TResult}(IModelVisitor{TResult})"/> hands it to a visitor
/// as a type argument.</remarks>
public abstract class ModelDefinition
{
    private ModelDefinition(ModelCard card, JointShape? joint) => (Card, Joint) = (card, joint);

    /// <summary>The model's constants.</summary>
    public ModelCard Card { get; }

    /// <summary>
    /// The shapes of what a joint model denoises, such as a UniDiffuser; null for a model of images alone.
    /// </summary>
    public JointShape? Joint { get; }

    /// <summary>The definition of a generated model.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <typeparam name="TCondition">What it is conditioned on.</typeparam>
    /// <typeparam name="TProcess">The process it is trained for.</typeparam>
    public static ModelDefinition Of<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess => new Typed<TModel, TCondition, TProcess>();

    /// <summary>The definition of a generated model that denoises images and texts jointly.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    public static ModelDefinition OfJoint<TModel>()
        where TModel : nn.Module, IJointModel<TModel> => new TypedJoint<TModel>();

    /// <summary>Calls <paramref name="visitor"/> with the model's type.</summary>
    public abstract TResult Accept<TResult>(IModelVisitor<TResult> visitor);

    private sealed class Typed<TModel, TCondition, TProcess>() : ModelDefinition(TModel.Card, joint: null)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        public override TResult Accept<TResult>(IModelVisitor<TResult> visitor) => visitor.Visit<TModel, TCondition, TProcess>();
    }

    private sealed class TypedJoint<TModel>() : ModelDefinition(TModel.Card, TModel.Modalities)
        where TModel : nn.Module, IJointModel<TModel>
    {
        public override TResult Accept<TResult>(IModelVisitor<TResult> visitor) => visitor.VisitJoint<TModel>();
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

    /// <summary>Called with the type of a model that denoises images and texts jointly.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <exception cref="DitException">The visitor is for models of images alone, as by default.</exception>
    TResult VisitJoint<TModel>()
        where TModel : nn.Module, IJointModel<TModel> =>
        throw new DitException($"{TModel.Card.Name} denoises images and texts jointly, and this is for models of images alone.");
}
