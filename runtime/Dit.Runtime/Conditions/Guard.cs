using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Checks of what is handed to a generated model, so that a mistake is named in its own terms and not in libtorch's.
/// </summary>
/// <remarks>
/// They compare shapes, types and devices, and never wait for a device: the values of labels are checked on the CPU
/// only.
/// </remarks>
public static class Guard
{
    /// <summary>
    /// A batch of inputs must have the model's shape, and be of the type and on the device of its weights.
    /// </summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="argument">The argument's name, for the message.</param>
    /// <param name="x">The argument.</param>
    /// <param name="shape">(C, Y, X).</param>
    /// <param name="weights">One of the model's weights; null where type and device do not matter.</param>
    /// <exception cref="DitException">The shape, the type or the device is wrong.</exception>
    public static void Input(string model, string argument, Tensor x, ImageShape shape, Tensor? weights = null)
    {
        var s = x.shape;
        if (s.Length != 4 || s[1] != shape.Channels || s[2] != shape.Height || s[3] != shape.Width)
            throw new DitException(
                $"{model}: {argument} must have the shape (N, {shape.Channels}, {shape.Height}, {shape.Width}), but has "
                    + $"({string.Join(", ", s)}).");
        OfWeights(model, argument, x, weights);
    }

    /// <summary>
    /// A batch of inputs must have the model's channels and whole patches, and be of the type and on the device of its
    /// weights.
    /// </summary>
    /// <param name="card">The model, which takes images of any size.</param>
    /// <param name="argument">The argument's name, for the message.</param>
    /// <param name="x">The argument.</param>
    /// <param name="weights">One of the model's weights; null where type and device do not matter.</param>
    /// <exception cref="DitException">The shape, the type or the device is wrong.</exception>
    public static void Input(ModelCard card, string argument, Tensor x, Tensor? weights = null)
    {
        if (x.shape is not [_, var c, var y, var width] || c != card.Input.Channels || !IsWhole(y) || !IsWhole(width))
            throw new DitException(
                $"{card.Name}: {argument} must have the shape (N, {card.Input.Channels}, {card.Input.Height}, {card.Input.Width}), or "
                    + $"other "
                    + $"multiples of {card.PatchSize} for its sides, but has ({string.Join(", ", x.shape)}).");
        OfWeights(card.Name, argument, x, weights);

        bool IsWhole(long side) => side > 0 && side % card.PatchSize == 0;
    }

    private static void OfWeights(string model, string argument, Tensor x, Tensor? weights)
    {
        if (weights is null) return;
        if (x.dtype != weights.dtype)
            throw new DitException(
                $"{model}: {argument} must be of type {weights.dtype}, as the model's weights are, but is of type {x.dtype}: convert it "
                    + $"with .to(ScalarType.{weights.dtype}).");
        SameDevice(model, argument, x, weights, "the model's weights are");
    }

    /// <summary>Timesteps: one real number for each sample, of any type.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="t">The argument.</param>
    /// <param name="x">The inputs, whose batch size and device count.</param>
    /// <exception cref="DitException">
    /// The shape is not (N,), the type not of real numbers, or the device not that of the inputs.
    /// </exception>
    public static void Timesteps(string model, Tensor t, Tensor x)
    {
        PerSample(model, nameof(t), t, x);
        if (!IsReal(t.dtype))
            throw new DitException($"{model}: t must be of whole or real numbers, but is of type {t.dtype}.");
        SameDevice(model, nameof(t), t, x, "x is");
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
            throw new DitException(
                $"{model}: {argument} must have the shape ({x.shape[0]},), one value for each sample, but has "
                    + $"({string.Join(", ", value.shape)}).");
    }

    /// <summary>Labels: one class for each sample.</summary>
    /// <remarks>
    /// Their values are checked where they can be read at once, on the CPU. On another device that would wait for all
    /// work that is queued there: a label that does not exist is found there by libtorch, in its own words. Samplers
    /// take labels on the host and always check them.
    /// </remarks>
    /// <param name="card">The model.</param>
    /// <param name="labels">The argument.</param>
    /// <param name="x">The inputs, whose batch size and device count.</param>
    /// <exception cref="DitException">
    /// The shape is not (N,), the type not int64, the device not that of the inputs, or a label on the CPU is no class.
    /// </exception>
    public static void Labels(ModelCard card, Tensor labels, Tensor x)
    {
        PerSample(card.Name, nameof(labels), labels, x);
        if (labels.dtype != ScalarType.Int64)
            throw new DitException($"{card.Name}: labels must be of type Int64, but are of type {labels.dtype}.");
        SameDevice(card.Name, nameof(labels), labels, x, "x is");
        if (labels.device_type != DeviceType.CPU) return;
        var n = 0;
        foreach (var label in labels.data<long>())
        {
            if (!IsLabel(card, label)) throw new DitException($"{card.Name}: labels[{n}] is {label}: {LabelsOf(card)}.");
            n++;
        }
    }

    /// <summary>Texts: one sequence of the model's shape for each sample.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="text">The argument.</param>
    /// <param name="x">The inputs, whose batch size and device count.</param>
    /// <param name="tokens">L.</param>
    /// <param name="width">W.</param>
    /// <param name="hasNull">Whether the model has a null text.</param>
    /// <param name="masked">Whether the model takes a mask of the tokens.</param>
    /// <exception cref="DitException">
    /// A shape, type or device is wrong, texts are dropped for a model without a null text, or a mask is given to a
    /// model that takes none or leaves a text on the CPU without a token.
    /// </exception>
    public static void Text(string model, TextEmbeddings text, Tensor x, int tokens, int width, bool hasNull, bool masked = false)
    {
        var n = x.shape[0];
        if (text.Values.shape is not [var count, var length, var size] || count != n || length != tokens || size != width)
            throw new DitException(
                $"{model}: text must have the shape ({n}, {tokens}, {width}), one sequence of embeddings for each sample, but has "
                    + $"({string.Join(", ", text.Values.shape)}).");
        if (!text.Values.is_floating_point())
            throw new DitException($"{model}: text must be of real numbers, but is of type {text.Values.dtype}.");
        SameDevice(model, nameof(text), text.Values, x, "x is");
        Mask(model, text, x, tokens, masked);
        if (text.DropMask is not { } dropped) return;
        if (!hasNull)
            throw new DitException($"{model}: no text can be dropped: its spec has conditioning.dropout 0, so it has no null text.");
        PerSample(model, "text.DropMask", dropped, x);
        if (dropped.dtype != ScalarType.Bool)
            throw new DitException($"{model}: text.DropMask must be of type Bool, but is of type {dropped.dtype}.");
        SameDevice(model, "text.DropMask", dropped, x, "x is");
    }

    /// <summary>What a joint model sees beside the image: one sequence of embeddings for each sample.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="argument">The argument's name, for the message.</param>
    /// <param name="value">The argument.</param>
    /// <param name="x">The inputs, whose batch size, type and device count.</param>
    /// <param name="tokens">L.</param>
    /// <param name="width">W.</param>
    /// <exception cref="DitException">The shape, the type or the device is wrong.</exception>
    public static void Embeddings(string model, string argument, Tensor value, Tensor x, int tokens, int width)
    {
        if (value.shape is not [var n, var length, var size] || n != x.shape[0] || length != tokens || size != width)
            throw new DitException(
                $"{model}: {argument} must have the shape ({x.shape[0]}, {tokens}, {width}), one sequence of embeddings for each sample, "
                    + $"but has ({string.Join(", ", value.shape)}).");
        if (value.dtype != x.dtype)
            throw new DitException($"{model}: {argument} must be of type {x.dtype}, as the image is, but is of type {value.dtype}.");
        SameDevice(model, argument, value, x, "the image is");
    }

    /// <summary>Kinds of data: one for each sample.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="types">The argument; its values are checked where they are on the CPU.</param>
    /// <param name="x">The inputs, whose batch size and device count.</param>
    /// <param name="count">How many kinds there are.</param>
    /// <exception cref="DitException">The shape, the type, the device or a value is wrong.</exception>
    public static void DataTypes(string model, Tensor types, Tensor x, int count)
    {
        PerSample(model, "data_type", types, x);
        if (types.dtype != ScalarType.Int64)
            throw new DitException($"{model}: data_type must be of type Int64, but is of type {types.dtype}.");
        SameDevice(model, "data_type", types, x, "the image is");
        if (types.device_type != DeviceType.CPU) return;
        foreach (var type in types.data<long>())
            if (type < 0 || type >= count)
                throw new DitException($"{model}: {type} is no kind of data: they are 0 to {count - 1}.");
    }

    /// <summary>Texts with the sizes of the images.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="condition">The argument.</param>
    /// <param name="x">The inputs, whose batch size and device count.</param>
    /// <param name="tokens">L.</param>
    /// <param name="width">W.</param>
    /// <param name="hasNull">Whether the model has a null text.</param>
    /// <param name="masked">Whether the model takes a mask of the tokens.</param>
    /// <exception cref="DitException">
    /// As for <see cref="Text"/>; or sizes are not real numbers, one for each sample.
    /// </exception>
    public static void SizedText(string model, SizedText condition, Tensor x, int tokens, int width, bool hasNull, bool masked = false)
    {
        Text(model, condition.Text, x, tokens, width, hasNull, masked);
        Sizes(model, condition, x);
    }

    /// <summary>The sizes alone.</summary>
    internal static void Sizes(string model, SizedText condition, Tensor x)
    {
        Size(nameof(condition.Height), condition.Height);
        Size(nameof(condition.Width), condition.Width);
        Size(nameof(condition.AspectRatio), condition.AspectRatio);

        void Size(string name, Tensor value)
        {
            PerSample(model, name, value, x);
            if (!IsReal(value.dtype))
                throw new DitException($"{model}: {name} must be of whole or real numbers, but is of type {value.dtype}.");
            SameDevice(model, name, value, x, "x is");
        }
    }

    private static void Mask(string model, TextEmbeddings text, Tensor x, int tokens, bool masked)
    {
        if (text.Mask is not { } mask) return;
        if (!masked)
            throw new DitException($"{model}: texts have no mask here: its spec does not have mask: true, so it attends to all tokens.");
        if (mask.shape is not [var n, var length] || n != x.shape[0] || length != tokens)
            throw new DitException(
                $"{model}: text.Mask must have the shape ({x.shape[0]}, {tokens}), one value for each token, but has "
                    + $"({string.Join(", ", mask.shape)}).");
        if (mask.dtype != ScalarType.Bool)
            throw new DitException($"{model}: text.Mask must be of type Bool, but is of type {mask.dtype}.");
        SameDevice(model, "text.Mask", mask, x, "x is");
        if (mask.device_type == DeviceType.CPU && !IsSomeAttended(mask))
            throw new DitException($"{model}: text.Mask leaves a text without a token: each attends to one at least.");
    }

    /// <summary>Whether each sample attends to a token at least.</summary>
    /// <param name="mask">Bool, (N, L), on the CPU.</param>
    internal static bool IsSomeAttended(Tensor mask)
    {
        using var scope = NewDisposeScope();
        return mask.any(1).all().item<bool>();
    }

    /// <summary>Whether a label is a class of the model, or its null class.</summary>
    internal static bool IsLabel(ModelCard card, long label) => label >= 0 && label < card.Classes + (card.CanBeGuided ? 1 : 0);

    /// <summary><c>Shapes has classes 0 to 9, and 10 for no class</c>.</summary>
    internal static string LabelsOf(ModelCard card) =>
        $"{card.Name} has classes 0 to {card.Classes - 1}{(card.CanBeGuided ? $", and {card.NullClass} for no class" : "")}";

    /// <summary>Whether numbers of a type are whole or real.</summary>
    internal static bool IsReal(ScalarType type) => type is not (ScalarType.Bool or ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64);

    private static void SameDevice(string model, string argument, Tensor value, Tensor other, string where)
    {
        if (value.device_type != other.device_type || value.device_index != other.device_index)
            throw new DitException($"{model}: {argument} must be on {other.device}, where {where}, but is on {value.device}.");
    }
}
