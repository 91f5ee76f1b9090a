using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Checks of what is handed to a generated model: one comparison each, no device synchronisation.</summary>
public static class Guard
{
    /// <summary>A batch of inputs must have the model's shape.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="argument">The argument's name, for the message.</param>
    /// <param name="x">The argument.</param>
    /// <param name="shape">(C, Y, X).</param>
    /// <exception cref="DitException">The shape is another.</exception>
    public static void Input(string model, string argument, Tensor x, ImageShape shape)
    {
        var s = x.shape;
        if (s.Length != 4 || s[1] != shape.Channels || s[2] != shape.Height || s[3] != shape.Width)
            throw new DitException($"{model}: {argument} must have the shape (N, {shape.Channels}, {shape.Height}, {shape.Width}), but has ({string.Join(", ", s)}).");
    }

    /// <summary>An argument with one value for each sample.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="argument">The argument's name, for the message.</param>
    /// <param name="value">The argument.</param>
    /// <param name="x">The inputs, whose batch size counts.</param>
    /// <exception cref="DitException">The shape is not (N,).</exception>
    public static void PerSample(string model, string argument, Tensor value, Tensor x)
    {
        if (value.shape is not [var n] || n != x.shape[0])
            throw new DitException($"{model}: {argument} must have the shape ({x.shape[0]},), one value for each sample, but has ({string.Join(", ", value.shape)}).");
    }

    /// <summary>Labels: one whole number for each sample.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="labels">The argument.</param>
    /// <param name="x">The inputs, whose batch size counts.</param>
    /// <exception cref="DitException">The shape is not (N,), or the type not int64.</exception>
    public static void Labels(string model, Tensor labels, Tensor x)
    {
        PerSample(model, "labels", labels, x);
        if (labels.dtype != ScalarType.Int64)
            throw new DitException($"{model}: labels must be of type Int64, but are of type {labels.dtype}.");
    }

    /// <summary>Texts: one sequence of the model's shape for each sample.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="text">The argument.</param>
    /// <param name="x">The inputs, whose batch size counts.</param>
    /// <param name="tokens">L.</param>
    /// <param name="width">W.</param>
    /// <param name="hasNull">Whether the model has a null text.</param>
    /// <exception cref="DitException">A shape or type is another, or texts are hidden from a model without a null text.</exception>
    public static void Text(string model, TextEmbeddings text, Tensor x, int tokens, int width, bool hasNull)
    {
        var n = x.shape[0];
        if (text.Values.shape is not [var count, var length, var size] || count != n || length != tokens || size != width)
            throw new DitException($"{model}: text must have the shape ({n}, {tokens}, {width}), one sequence of embeddings for each sample, but has ({string.Join(", ", text.Values.shape)}).");
        if (text.Hidden is not { } hidden) return;
        if (!hasNull)
            throw new DitException($"{model}: no text can be hidden, for its spec has conditioning.dropout 0, so it has no null text.");
        PerSample(model, "text.Hidden", hidden, x);
        if (hidden.dtype != ScalarType.Bool)
            throw new DitException($"{model}: text.Hidden must be of type Bool, but is of type {hidden.dtype}.");
    }
}
