using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The condition of unconditional models: nothing but a number of samples.</summary>
/// <param name="Count">Number of samples, N.</param>
public sealed record NoCondition(int Count = 0) : ICondition<NoCondition>
{
    /// <inheritdoc/>
    public static ImageLabels Labels => ImageLabels.None;

    /// <inheritdoc/>
    public NoCondition Drop(ModelCard card, Generator random) => this;

    /// <inheritdoc/>
    public NoCondition Map(Func<Tensor, Tensor> change) => this;

    /// <inheritdoc/>
    public NoCondition At(int[] samples) => new(samples.Length);

    /// <inheritdoc/>
    public NoCondition Append(NoCondition others) => new(Count + others.Count);

    /// <inheritdoc/>
    public ConditionRows<NoCondition> Distinct(ModelCard card, Device device, bool withNull) =>
        new(new(1), new int[Math.Max(0, Count)], null);

    /// <inheritdoc/>
    public static NamedConditions<NoCondition> Read(ModelCard card, ConditionSource source) => new(new(), [], "");

    /// <inheritdoc/>
    public static NoCondition OfImages(Tensor? classes, int count)
    {
        classes?.Dispose();
        return new(count);
    }

    /// <inheritdoc/>
    public void Dispose() { } // it has no tensors
}
