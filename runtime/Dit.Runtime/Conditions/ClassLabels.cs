using System.Globalization;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Class labels, one for each sample. They own their tensor.</summary>
/// <param name="Values">Classes, the null class allowed, int64, (N,).</param>
public sealed record ClassLabels(Tensor Values) : ICondition<ClassLabels>
{
    /// <inheritdoc/>
    public static ImageLabels Labels => ImageLabels.Classes;

    /// <inheritdoc/>
    public int Count => Values.dim() == 0 ? 0 : checked((int)Values.shape[0]);

    /// <summary>Labels on the CPU.</summary>
    /// <param name="labels">Classes, N of them.</param>
    public static ClassLabels Of(IReadOnlyList<int> labels) => new(tensor(labels.Select(static label => (long)label).ToArray()));

    /// <summary>A tensor of labels as a condition; the tensor is shared.</summary>
    /// <param name="labels">Classes, whole numbers, (N,).</param>
    public static implicit operator ClassLabels(Tensor labels) => new(labels);

    /// <inheritdoc/>
    public ClassLabels Drop(ModelCard card, Generator random) =>
        new(LabelDropout.Apply(Values, card.Condition.Dropout, card.NullClass, random));

    /// <inheritdoc/>
    public ClassLabels Map(Func<Tensor, Tensor> change) => new(change(Values));

    /// <inheritdoc/>
    public ClassLabels At(int[] samples) => new(ConditionTensor.At(Values, samples));

    /// <inheritdoc/>
    public ClassLabels Append(ClassLabels others) => new(cat([Values, others.Values]));

    /// <inheritdoc/>
    /// <remarks>Samples of one class share a row.</remarks>
    public ConditionRows<ClassLabels> Distinct(ModelCard card, Device device, bool withNull)
    {
        var labels = OnHost(card);
        int[] distinct = [.. labels.Concat(withNull ? [card.NullClass] : []).Distinct().Order()];
        return new(
            new(tensor(Array.ConvertAll(distinct, static label => (long)label), device: device)),
            Array.ConvertAll(labels, label => Array.IndexOf(distinct, label)),
            withNull ? Array.IndexOf(distinct, card.NullClass) : null);
    }

    /// <inheritdoc/>
    public static NamedConditions<ClassLabels> Read(ModelCard card, ConditionSource source)
    {
        var names = source.Names();
        var labels = names.Labels(source.Classes);
        return new(Of(labels), [.. labels.Select(Named)], "class");

        ConditionName Named(int label)
        {
            var (name, number) = (names.NameOf(label), label.ToString(CultureInfo.InvariantCulture));
            return new(name, names.Describe(label), name == number ? $"class {number}" : $"class {number}, {name}", label);
        }
    }

    /// <inheritdoc/>
    public static ClassLabels OfImages(Tensor? classes, int count) =>
        new(classes ?? throw new DitException("The images have no labels, and the model is conditioned on classes."));

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    private int[] OnHost(ModelCard card)
    {
        if (Values.dim() != 1 || !Values.is_integral() || Values.dtype == ScalarType.Bool)
            throw new DitException(
                $"Labels of type {Values.dtype} and shape ({string.Join(", ", Values.shape)}) were given: they must be whole numbers, "
                    + $"(N,).");
        if (Count == 0)
            throw new DitException($"No label was given: {card.Name} draws one sample per label.");
        using var scope = NewDisposeScope();
        long[] labels = [.. Values.to(ScalarType.Int64, CPU).data<long>()];
        foreach (var label in labels)
            if (!Guard.IsLabel(card, label)) throw new DitException($"Label {label} does not exist: {Guard.LabelsOf(card)}.");
        return Array.ConvertAll(labels, static label => (int)label);
    }
}
