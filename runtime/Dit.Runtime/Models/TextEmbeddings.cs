using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Texts as a text encoder sees them, one for each sample: what text-conditional models are conditioned on.</summary>
/// <remarks>
/// A type of its own, so that embeddings never reach a model of classes, nor labels a model of texts. Sequences have the model's full length:
/// shorter texts are padded by the encoder, as CLIP does it to 77, and the padding is attended to. It owns its tensors.
/// </remarks>
/// <param name="Values">Embeddings, (N, L, W).</param>
/// <param name="Hidden">Samples whose text the model is not to see, (N,), bool: it sees its null text instead. None by default.</param>
public sealed record TextEmbeddings(Tensor Values, Tensor? Hidden = null) : ICondition<TextEmbeddings>
{
    /// <summary>Number of texts, N.</summary>
    public long Count => Values.shape[0];

    /// <summary>These texts, then as many null texts: the batch of classifier-free guidance. Its tensors belong to the ambient dispose scope.</summary>
    public TextEmbeddings WithNull()
    {
        var none = ones(Count, ScalarType.Bool, Values.device);
        return new(cat([Values, Values]), cat([Hidden ?? zeros_like(none), none]));
    }

    /// <summary>These texts on a device; tensors that had to move belong to the ambient dispose scope.</summary>
    public TextEmbeddings To(Device device) => Select(tensor => tensor.to(device));

    /// <inheritdoc/>
    /// <remarks>The null text is the model's business: samples are only marked, and stay marked where they were.</remarks>
    public TextEmbeddings Hide(ModelCard card, Generator random)
    {
        using var scope = NewDisposeScope();
        using Scalar share = card.Condition.Dropout; // kept until the call is over, see Scalars
        var dropped = rand(Count, device: Values.device, generator: random).lt(share); // (N,)
        if (!card.CanBeGuided) return this; // a model without a null text takes no marks
        return this with { Hidden = (Hidden is null ? dropped : Hidden.logical_or(dropped)).MoveToOuterDisposeScope() };
    }

    /// <inheritdoc/>
    public TextEmbeddings Select(Func<Tensor, Tensor> change) => new(change(Values), Hidden is null ? null : change(Hidden));

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        Hidden?.Dispose();
    }
}
