using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Embedded texts, one for each sample, and the size of each image: the condition of models whose spec has
/// <c>micro_conditions: true</c> (PixArt-alpha's 1024 px models, arXiv 2310.00426). It owns its tensors.
/// </summary>
/// <param name="Text">The texts of N samples.</param>
/// <param name="Height">Heights of the images in pixels, (N,).</param>
/// <param name="Width">Widths of the images in pixels, (N,).</param>
/// <param name="AspectRatio">
/// Heights by widths, (N,): with the published models those of the nearest size they were trained at.
/// </param>
public sealed record SizedText(TextEmbeddings Text, Tensor Height, Tensor Width, Tensor AspectRatio) : ICondition<SizedText>
{
    /// <inheritdoc/>
    public static ImageLabels Labels => ImageLabels.Texts;

    /// <inheritdoc/>
    public int Count => Text.Count;

    /// <summary>Texts for images of one size.</summary>
    /// <param name="text">The texts; ownership passes to the result.</param>
    /// <param name="height">Height of the images in pixels.</param>
    /// <param name="width">Width of the images in pixels.</param>
    public static SizedText Of(TextEmbeddings text, int height, int width)
    {
        return new(text, Each(height), Each(width), Each((double)height / width));

        Tensor Each(double value) => full([text.Count], value, ScalarType.Float32, text.Values.device);
    }

    /// <summary>
    /// These texts, then as many null texts for images of the same sizes: the batch of classifier-free guidance. Its
    /// tensors belong to the ambient dispose scope.
    /// </summary>
    public SizedText WithNull() => Append(this with { Text = Text.AllDropped() });

    /// <inheritdoc/>
    /// <remarks>The sizes are never dropped.</remarks>
    public SizedText Drop(ModelCard card, Generator random) => this with { Text = Text.Drop(card, random) };

    /// <inheritdoc/>
    public SizedText Map(Func<Tensor, Tensor> change) => new(Text.Map(change), change(Height), change(Width), change(AspectRatio));

    /// <inheritdoc/>
    public SizedText At(int[] samples) => Map(values => ConditionTensor.At(values, samples));

    /// <inheritdoc/>
    public SizedText Append(SizedText others) => new(
        Text.Append(others.Text), cat([Height, others.Height]), cat([Width, others.Width]), cat([AspectRatio, others.AspectRatio]));

    /// <inheritdoc/>
    /// <remarks>Each sample has a null condition of its own, with its size.</remarks>
    public ConditionRows<SizedText> Distinct(ModelCard card, Device device, bool withNull)
    {
        var rows = Text.Distinct(card, device, withNull: false); // checks the texts
        var there = new SizedText(rows.Values, Height.to(device), Width.to(device), AspectRatio.to(device));
        Guard.Sizes(card.Name, there, rows.Values.Values);
        var n = rows.Rows.Length;
        return withNull
            ? new(there.WithNull(), rows.Rows, n) { NullRows = [.. Enumerable.Range(n, n)] }
            : new(there, rows.Rows, null);
    }

    /// <inheritdoc/>
    /// <remarks>The images are of the size that the model draws.</remarks>
    public static NamedConditions<SizedText> Read(ModelCard card, ConditionSource source)
    {
        var texts = TextEmbeddings.Read(card, source);
        return new(OfTexts(texts.Values, card), texts.Names, texts.Noun);
    }

    /// <inheritdoc/>
    /// <remarks>The images are of the size that the model draws.</remarks>
    public static SizedText OfTexts(TextEmbeddings texts, ModelCard card)
    {
        var pixels = card.Autoencoder?.PixelShape(card.Input) ?? card.Input;
        return Of(texts, pixels.Height, pixels.Width);
    }

    /// <inheritdoc/>
    public static SizedText OfImages(Tensor? classes, int count)
    {
        TextEmbeddings.OfImages(classes, count).Dispose();
        throw new InvalidOperationException("A folder of images holds no texts.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Text.Dispose();
        Height.Dispose();
        Width.Dispose();
        AspectRatio.Dispose();
    }
}
