using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Embedded texts, one for each sample: the condition of text-conditional models.</summary>
/// <remarks>
/// Sequences have the model's full length: the text encoder pads shorter texts, as CLIP does to 77 tokens, and
/// attention covers the padding, unless the model takes a mask. It owns its tensors.
/// </remarks>
/// <param name="Values">Embeddings, (N, L, W).</param>
/// <param name="DropMask">Samples for which the model sees its null text instead, bool, (N,). None by default.</param>
public sealed record TextEmbeddings(Tensor Values, Tensor? DropMask = null) : ICondition<TextEmbeddings>
{
    /// <summary>The name of the embeddings in a file.</summary>
    internal const string TensorName = "text";

    private const string MaskName = "mask", Sample = "row of samples";

    /// <summary>
    /// Which tokens of each text are attended, bool, (N, L), for a model whose spec has <c>mask: true</c>; null for all
    /// of them. A text that is dropped keeps its mask: the null text is seen as far as the text reaches.
    /// </summary>
    public Tensor? Mask { get; init; }

    /// <inheritdoc/>
    public static ImageLabels Labels => ImageLabels.Texts;

    /// <inheritdoc/>
    public int Count => Values.dim() == 0 ? 0 : checked((int)Values.shape[0]);

    /// <summary>These texts with a mask that keeps the first tokens of each.</summary>
    /// <param name="lengths">How many tokens each text has, from 1 to L.</param>
    /// <returns>The same embeddings, which are shared, with a new mask.</returns>
    /// <exception cref="DitException">There is not one length for each text, or one is out of range.</exception>
    public TextEmbeddings WithLengths(IReadOnlyList<int> lengths)
    {
        var (n, tokens) = (Values.shape[0], Values.shape[1]);
        if (lengths.Count != n || lengths.Any(length => length < 1 || length > tokens))
            throw new DitException(
                $"{n} lengths from 1 to {tokens} are wanted, one for each text, and ({string.Join(", ", lengths)}) is given.");
        using var scope = NewDisposeScope();
        var ends = tensor(lengths.Select(static length => (long)length).ToArray(), device: Values.device).unsqueeze(1); // (N, 1)
        return this with { Mask = arange(tokens, device: Values.device).unsqueeze(0).lt(ends).MoveToOuterDisposeScope() };
    }

    /// <summary>Which tokens are attended: the mask, or all of them.</summary>
    /// <returns>Bool, (N, L): the mask itself, or a tensor of the ambient dispose scope.</returns>
    public Tensor Attended() => Mask ?? ones([Values.shape[0], Values.shape[1]], ScalarType.Bool, Values.device);

    /// <summary>
    /// These texts, then as many null texts: the batch of classifier-free guidance. Its tensors belong to the ambient
    /// dispose scope.
    /// </summary>
    public TextEmbeddings WithNull() => Append(AllDropped());

    /// <summary>These texts with a mark on each, so that the model sees its null text in their place.</summary>
    internal TextEmbeddings AllDropped() => this with { DropMask = ones(Count, ScalarType.Bool, Values.device) };

    /// <summary>These texts on a device; tensors that had to move belong to the ambient dispose scope.</summary>
    public TextEmbeddings To(Device device) => Map(tensor => tensor.to(device));

    /// <inheritdoc/>
    /// <remarks>The model itself puts the null text in place: samples are only marked, and those that were marked stay
    /// so.</remarks>
    public TextEmbeddings Drop(ModelCard card, Generator random)
    {
        using var scope = NewDisposeScope();
        using Scalar share = card.Condition.Dropout; // kept until the call is over, see Scalars
        var dropped = rand(Count, device: Values.device, generator: random).lt(share); // (N,)
        if (!card.CanBeGuided) return this; // a model without a null text takes no marks
        return this with { DropMask = (DropMask is null ? dropped : DropMask.logical_or(dropped)).MoveToOuterDisposeScope() };
    }

    /// <inheritdoc/>
    public TextEmbeddings Map(Func<Tensor, Tensor> change) =>
        new(change(Values), DropMask is null ? null : change(DropMask)) { Mask = Mask is null ? null : change(Mask) };

    /// <inheritdoc/>
    public TextEmbeddings At(int[] samples) => Map(values => ConditionTensor.At(values, samples));

    /// <inheritdoc/>
    /// <remarks>Where only some of the texts have a mask, all tokens of the others are attended.</remarks>
    public TextEmbeddings Append(TextEmbeddings others) => new(
        cat([Values, others.Values]), DropMask is null && others.DropMask is null ? null : cat([Dropped(), others.Dropped()]))
    {
        Mask = Mask is null && others.Mask is null ? null : cat([Attended(), others.Attended()]),
    };

    private Tensor Dropped() => DropMask ?? zeros(Count, ScalarType.Bool, Values.device);

    /// <inheritdoc/>
    public ConditionRows<TextEmbeddings> Distinct(ModelCard card, Device device, bool withNull)
    {
        if (Values.shape is not [> 0 and <= int.MaxValue and var n, _, _])
            throw new DitException(
                $"{card.Name}: text must be embeddings of at least one text, (N, L, W), but has the shape "
                    + $"({string.Join(", ", Values.shape)}).");
        var there = To(device);
        if (card.Condition is ModelCondition.Text of)
            Guard.Text(card.Name, there, there.Values, of.Tokens, of.Width, of.HasNull, of.IsMasked);
        int[] rows = [.. Enumerable.Range(0, (int)n)];
        // Each text has a null text under its own mask.
        if (withNull && Mask is not null)
            return new(there.WithNull(), rows, (int)n) { NullRows = [.. Enumerable.Range((int)n, (int)n)] };
        return withNull ? new(there.WithNull().Map(values => values.narrow(0, 0, n + 1)), rows, (int)n) : new(there, rows, null);
    }

    /// <inheritdoc/>
    public static NamedConditions<TextEmbeddings> Read(ModelCard card, ConditionSource source)
    {
        var texts = Load(source.TextFile ?? throw new DitException($"{card.Name} is conditioned on text: give {FileFor(card)}."), card);
        return new(
            texts,
            [.. Enumerable.Range(0, texts.Count).Select(static i => Named(i.ToString(CultureInfo.InvariantCulture)))],
            "text");

        static ConditionName Named(string number) => new(number, $"text {number}", $"text {number}", null);
    }

    /// <summary>
    /// Reads the texts of a model from a safetensors file with a tensor named <c>text</c>, (N, L, W), and one named
    /// <c>mask</c>, (N, L), not zero where a token is attended, for a model of masked texts.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="card">The model, conditioned on text.</param>
    /// <returns>The texts in float32, on the CPU; the caller owns them.</returns>
    /// <exception cref="DitException">There is no such file, or it holds something else.</exception>
    public static TextEmbeddings Load(string path, ModelCard card)
    {
        using var file = CheckpointFile.Open(path);
        var mask = Require(file, card, Sample);
        return new(file.Read(TensorName, dtype: ScalarType.Float32)) { Mask = mask };
    }

    /// <summary>Makes sure that a file holds texts of a model.</summary>
    /// <param name="file">The file.</param>
    /// <param name="card">The model, conditioned on text.</param>
    /// <param name="each">What each text is for, in words.</param>
    /// <returns>The mask, bool, (N, L), which the caller owns; null for a model without.</returns>
    /// <exception cref="DitException">It holds something else.</exception>
    internal static Tensor? Require(ICheckpointFile file, ModelCard card, string each)
    {
        var (text, wanted, path) = (TextOf(card), FileFor(card, each), file.Path);
        if (!file.Tensors.TryGetValue(TensorName, out var info))
            throw new DitException($"'{path}' holds no tensor named {TensorName}: {card.Name} takes {wanted}.");
        if (file.Tensors.Count > (text.IsMasked ? 2 : 1))
            throw new DitException($"'{path}' holds {file.Tensors.Count} tensors: {card.Name} takes {wanted}.");
        if (info.Shape is not [> 0, var tokens, var width] || tokens != text.Tokens || width != text.Width)
            throw new DitException(
                $"The tensor {TensorName} of '{path}' has the shape ({string.Join(", ", info.Shape)}): {card.Name} takes {wanted}.");
        if (info.DType is not (ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new DitException(
                $"The tensor {TensorName} of '{path}' is of type {info.DType}: embeddings are real numbers of 16, 32 or 64 bits.");
        return text.IsMasked ? ReadMask(file, info.Shape[0], card, wanted) : null;
    }

    private static Tensor ReadMask(ICheckpointFile file, long n, ModelCard card, string wanted)
    {
        if (!file.Tensors.TryGetValue(MaskName, out var info))
            throw new DitException($"'{file.Path}' holds no tensor named {MaskName}: {card.Name} takes {wanted}.");
        if (info.Shape is not [var count, var tokens] || count != n || tokens != TextOf(card).Tokens)
            throw new DitException(
                $"The tensor {MaskName} of '{file.Path}' has the shape ({string.Join(", ", info.Shape)}): {card.Name} takes {wanted}.");
        using var scope = NewDisposeScope();
        using Scalar zero = 0; // kept until the call is over, see Scalars
        var mask = file.Read(MaskName).ne(zero);
        return Guard.IsSomeAttended(mask)
            ? mask.DetachFromDisposeScope()
            : throw new DitException(
                $"The tensor {MaskName} of '{file.Path}' leaves a text without a token: each attends to one at least.");
    }

    /// <summary>What <see cref="Load"/> reads, in words.</summary>
    /// <param name="card">The model, conditioned on text.</param>
    public static string FileFor(ModelCard card) => FileFor(card, Sample);

    /// <summary>A file of texts in words.</summary>
    /// <param name="card">The model, conditioned on text.</param>
    /// <param name="each">What each text is for, in words.</param>
    internal static string FileFor(ModelCard card, string each)
    {
        var (tokens, width) = (TextOf(card).Tokens, TextOf(card).Width);
        return TextOf(card).IsMasked
            ? $"a safetensors file with the tensors {TensorName}, (N, {tokens}, {width}), one embedded text for each {each}, and "
                + $"{MaskName}, (N, {tokens}), not zero where a token is attended"
            : $"a safetensors file with one tensor named {TensorName}, (N, {tokens}, {width}), one embedded text for each {each}";
    }

    /// <inheritdoc/>
    public static TextEmbeddings OfImages(Tensor? classes, int count)
    {
        classes?.Dispose();
        throw new DitException("A folder of images holds no texts, and the model is conditioned on text.");
    }

    /// <inheritdoc/>
    public static TextEmbeddings OfTexts(TextEmbeddings texts, ModelCard card) => texts;

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        DropMask?.Dispose();
        Mask?.Dispose();
    }

    internal static ModelCondition.Text TextOf(ModelCard card) => card.Condition as ModelCondition.Text
        ?? throw new InvalidOperationException($"{card.Name} is not conditioned on text.");
}
