using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What the samples of a batch are conditioned on, as training handles it: <see cref="ClassLabels"/>, <see cref="TextEmbeddings"/> or <see cref="NoCondition"/>.</summary>
/// <remarks>It owns its tensors.</remarks>
/// <typeparam name="TSelf">The condition itself.</typeparam>
public interface ICondition<TSelf> : IDisposable
    where TSelf : ICondition<TSelf>
{
    /// <summary>Training for classifier-free guidance (Ho and Salimans, arXiv 2207.12598): hides the condition of each sample with the model's probability, independently.</summary>
    /// <param name="card">The model: its dropout and what stands for no condition.</param>
    /// <param name="random">Where the choice is drawn from; how many numbers are drawn does not depend on the probability.</param>
    /// <returns>The condition after dropout. Its new tensors belong to the ambient dispose scope, the others are shared with this one.</returns>
    TSelf Hide(ModelCard card, Generator random);

    /// <summary>The condition with another tensor in the place of each of its own.</summary>
    /// <param name="change">Called once for each tensor.</param>
    TSelf Select(Func<Tensor, Tensor> change);
}

/// <summary>Class labels, one for each sample.</summary>
/// <param name="Values">Classes, the null class allowed, int64, (N,).</param>
public sealed record ClassLabels(Tensor Values) : ICondition<ClassLabels>
{
    /// <inheritdoc/>
    public ClassLabels Hide(ModelCard card, Generator random) => new(LabelDropout.Apply(Values, card.Condition.Dropout, card.NullClass, random));

    /// <inheritdoc/>
    public ClassLabels Select(Func<Tensor, Tensor> change) => new(change(Values));

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}

/// <summary>The condition of unconditional models: nothing.</summary>
public sealed record NoCondition : ICondition<NoCondition>
{
    /// <inheritdoc/>
    public NoCondition Hide(ModelCard card, Generator random) => this;

    /// <inheritdoc/>
    public NoCondition Select(Func<Tensor, Tensor> change) => this;

    /// <inheritdoc/>
    public void Dispose() { } // it has no tensors
}
