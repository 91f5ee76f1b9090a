using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A condition for a model of any kind.</summary>
internal static class AnyCondition
{
    /// <summary>The condition that a card asks for.</summary>
    public static TCondition Of<TCondition>(
        ModelCard card,
        Func<int, Tensor> labels,
        Func<ModelCondition.Text, TextEmbeddings> texts,
        int n = 0) =>
        card.Condition.Match<object>(
            _ => new NoCondition(n), classes => new ClassLabels(labels(classes.Count)), text => Of(text, texts(text)))
            is TCondition condition
            ? condition
            : throw new InvalidOperationException($"{card.Name} is not conditioned on {typeof(TCondition).Name}.");

    // Texts of three lengths and more, where the model takes a mask.
    private static object Of(ModelCondition.Text kind, TextEmbeddings texts)
    {
        var seen = kind.IsMasked && texts.Mask is null
            ? texts.WithLengths([.. Enumerable.Range(0, texts.Count).Select(i => Math.Max(1, kind.Tokens - i))])
            : texts;
        return kind.HasSizes ? SizedText.Of(seen, 640, 1024) : seen;
    }
}
