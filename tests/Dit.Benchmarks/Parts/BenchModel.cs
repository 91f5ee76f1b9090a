using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>Models and inputs to measure with.</summary>
internal static class BenchModel
{
    private const double Deviation = 0.02;

    /// <summary>
    /// A model whose every trained parameter is random: a new one predicts zero, and zeros would compare equal. Scales
    /// of norms are near one, so that every branch counts.
    /// </summary>
    public static TModel Create<TModel>(Device device, ScalarType type = ScalarType.Float32, ulong seed = 1)
        where TModel : nn.Module, IModel<TModel>
    {
        var model = TModel.Create(device, type);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new torch.Generator(seed, device);
        foreach (var (name, parameter) in model.named_parameters().Where(static p => p.parameter.requires_grad))
            parameter.normal_(parameter.dim() == 1 && name.EndsWith(".weight", StringComparison.Ordinal) ? 1 : 0, Deviation, random);
        return model;
    }

    /// <summary>Random inputs of a model.</summary>
    public static BenchInput Input(ModelCard card, int n, Device device, ScalarType type = ScalarType.Float32, ulong seed = 2)
    {
        using var scope = NewDisposeScope();
        using var random = new torch.Generator(seed);
        var x = randn(card.Input.Batch(n), generator: random).to(type, device);
        var t = randint(0, 1000, [n], dtype: ScalarType.Int64, generator: random).to(device);
        return card.Condition.Match<BenchInput>(
            _ => new(x, t),
            classes => new(x, t) { Labels = randint(0, classes.Count, [n], dtype: ScalarType.Int64, generator: random).to(device) },
            text => OfText(x, t, Texts(text, n, random).Map(values => Moved(values, device, type)), card)).MoveToOuterDisposeScope();
    }

    private static BenchInput OfText(Tensor x, Tensor t, TextEmbeddings text, ModelCard card) => new(x, t)
    {
        Text = text,
        Sized = card.Condition is ModelCondition.Text { HasSizes: true } ? SizedText.Of(text, card.Size.Height, card.Size.Width) : null,
    };

    // Of masked texts the first is as long as can be, and the others are shorter and shorter.
    private static TextEmbeddings Texts(ModelCondition.Text kind, int n, torch.Generator random)
    {
        var texts = new TextEmbeddings(randn([n, kind.Tokens, kind.Width], generator: random));
        return kind.IsMasked ? texts.WithLengths([.. Enumerable.Range(0, n).Select(i => kind.Tokens - i * kind.Tokens / n)]) : texts;
    }

    private static Tensor Moved(Tensor values, Device device, ScalarType type) =>
        values.is_floating_point() ? values.to(type, device) : values.to(device);

    /// <summary>Largest difference between two tensors of a shape.</summary>
    public static double MaxDifference(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return (a - b).abs().max().to(ScalarType.Float64).item<double>();
    }

    /// <summary>Largest absolute value.</summary>
    public static double MaxValue(Tensor a)
    {
        using var scope = NewDisposeScope();
        return a.abs().max().to(ScalarType.Float64).item<double>();
    }

    // Many roundings, one after another.
    private static double Tolerance(ScalarType type) => type switch
    {
        ScalarType.BFloat16 => 0.1,
        ScalarType.Float16 => 0.01,
        _ => 1e-4,
    };

    /// <summary>Makes sure that what is compared computes the same.</summary>
    /// <exception cref="InvalidOperationException">It does not: a defect of this program or of the library.</exception>
    public static void RequireSame(string what, double difference, double value, ScalarType type = ScalarType.Float32)
    {
        if (!(difference <= Tolerance(type) * value)) // not a number included
            throw new InvalidOperationException(
                FormattableString.Invariant(
                    $"{what} differs by {difference:0.##e0} from the differentiable forward, whose largest value is {value:0.##e0}: times of different things cannot be compared."));
    }
}

/// <summary>Inputs of a forward pass; it owns its tensors.</summary>
/// <param name="X">(N, C, Y, X).</param>
/// <param name="T">(N,).</param>
internal sealed record BenchInput(Tensor X, Tensor T) : IDisposable
{
    /// <summary>Classes, (N,), of a class-conditional model.</summary>
    public Tensor? Labels { get; init; }

    /// <summary>Texts of a text-conditional model.</summary>
    public TextEmbeddings? Text { get; init; }

    /// <summary>The same texts and the sizes of the images, where the model takes these.</summary>
    public SizedText? Sized { get; init; }

    /// <summary>The condition of a model, of these tensors.</summary>
    public TCondition Condition<TCondition>(ModelCard card)
        where TCondition : ICondition<TCondition>
    {
        object condition = Labels is null ? Sized ?? Text ?? (object)new NoCondition((int)X.shape[0]) : new ClassLabels(Labels);
        return condition is TCondition one ? one : throw new InvalidOperationException($"{card.Name} has a different condition.");
    }

    /// <summary>The same, its tensors in the outer dispose scope.</summary>
    public BenchInput MoveToOuterDisposeScope()
    {
        foreach (var tensor in Tensors) tensor.MoveToOuterDisposeScope();
        return this;
    }

    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor.Dispose();
    }

    private IEnumerable<Tensor> Tensors =>
        new[] { X, T, Labels, Text?.Values, Text?.Mask, Sized?.Height, Sized?.Width, Sized?.AspectRatio }.OfType<Tensor>();
}
