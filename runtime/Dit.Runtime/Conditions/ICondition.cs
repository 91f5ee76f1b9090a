using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What the samples of a batch are conditioned on besides the time. It owns its tensors.</summary>
/// <remarks>
/// <see cref="ClassLabels"/>, <see cref="TextEmbeddings"/> and <see cref="NoCondition"/> are conditions. Samplers,
/// sessions, training and
/// <c>dit</c> use only what stands here, so a new kind of condition is one new type.
/// </remarks>
/// <typeparam name="TSelf">The condition itself.</typeparam>
public interface ICondition<TSelf> : IDisposable
    where TSelf : ICondition<TSelf>
{
    /// <summary>Number of samples, N.</summary>
    int Count { get; }

    /// <summary>What images in a folder must come with for a model to learn from them.</summary>
    static abstract ImageLabels Labels { get; }

    /// <summary>
    /// Training for classifier-free guidance (Ho and Salimans, arXiv 2207.12598): drops the condition of each sample
    /// with the model's
    /// probability, independently.
    /// </summary>
    /// <param name="card">The model: its dropout and what stands for no condition.</param>
    /// <param name="random">The random numbers; how many are drawn does not depend on the probability.</param>
    /// <returns>
    /// The condition after dropout. New tensors belong to the ambient dispose scope; the others are shared with this
    /// condition.
    /// </returns>
    TSelf Drop(ModelCard card, Generator random);

    /// <summary>The condition with every tensor replaced by a function of it.</summary>
    /// <param name="change">Called once for each tensor.</param>
    TSelf Map(Func<Tensor, Tensor> change);

    /// <summary>The condition of some of the samples. New tensors belong to the ambient dispose scope.</summary>
    /// <param name="samples">Indices from 0 to N - 1, in any order; an index may occur several times.</param>
    TSelf At(int[] samples);

    /// <summary>
    /// These conditions, then others, of N + M samples. New tensors belong to the ambient dispose scope.
    /// </summary>
    /// <param name="others">The conditions of M samples, of the same model and on the same device.</param>
    TSelf Append(TSelf others);

    /// <summary>Checks the condition against a model and brings its distinct values to a device, once each.</summary>
    /// <param name="card">The model.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="withNull">Whether guidance also needs the model's null condition.</param>
    /// <returns>The distinct values; their tensors belong to the ambient dispose scope.</returns>
    /// <exception cref="DitException">The condition does not fit the model.</exception>
    ConditionRows<TSelf> Distinct(ModelCard card, Device device, bool withNull);

    /// <summary>Reads what a user asked for, for instance on a command line.</summary>
    /// <param name="card">The model.</param>
    /// <param name="source">What the user said.</param>
    /// <returns>The conditions with their names; the caller owns them.</returns>
    /// <exception cref="DitException">A name is unknown, or a file cannot be read or does not fit the
    /// model.</exception>
    static abstract NamedConditions<TSelf> Read(ModelCard card, ConditionSource source);

    /// <summary>The condition of images of which no more than the class is known.</summary>
    /// <param name="classes">The class of each image, int64, (N,); null where it is not known. Ownership passes to the
    /// result.</param>
    /// <param name="count">Number of images, N.</param>
    /// <exception cref="DitException">That is not enough for this kind of condition.</exception>
    static abstract TSelf OfImages(Tensor? classes, int count);

    /// <summary>The condition of images with a text each.</summary>
    /// <param name="texts">The texts of N images. Ownership passes to the result.</param>
    /// <param name="card">The model.</param>
    /// <exception cref="DitException">This kind of condition is not made of texts.</exception>
    static virtual TSelf OfTexts(TextEmbeddings texts, ModelCard card)
    {
        texts.Dispose();
        throw new DitException($"{card.Name} is not conditioned on text: train it without captions.");
    }
}

/// <summary>What images in a folder must come with for a model to learn from them.</summary>
public enum ImageLabels
{
    /// <summary>Nothing: any folder of images will do.</summary>
    None,

    /// <summary>A class for each image: the folder it is in.</summary>
    Classes,

    /// <summary>More than a folder can say; such models are trained from code.</summary>
    Other,

    /// <summary>An embedded text for each image (<see cref="CaptionFile"/>).</summary>
    Texts,
}

/// <summary>The distinct conditions of a batch.</summary>
/// <typeparam name="TCondition">The kind of condition.</typeparam>
/// <param name="Values">The distinct conditions.</param>
/// <param name="Rows">For each of the N samples, the index of its condition in <paramref name="Values"/>.</param>
/// <param name="NullRow">
/// The index of the null condition, or of the first one; null where guidance does not need it.
/// </param>
public sealed record ConditionRows<TCondition>(TCondition Values, int[] Rows, int? NullRow)
{
    /// <summary>
    /// For each of the N samples, the index of its null condition: where that depends on the sample, as with masked
    /// text, there are several. Null where guidance does not need them.
    /// </summary>
    public int[]? NullRows { get; init; } = NullRow is { } none ? [.. Enumerable.Repeat(none, Rows.Length)] : null;
}
