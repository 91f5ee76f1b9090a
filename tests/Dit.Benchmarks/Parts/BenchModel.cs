using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>Models and inputs to measure with.</summary>
internal static class BenchModel
{
    private const double Deviation = 0.02;

    /// <summary>
    /// A model whose every trained parameter is random: a new one predicts zero, and zeros would compare equal.
    /// </summary>
    public static TModel Create<TModel>(Device device, ScalarType type = ScalarType.Float32, ulong seed = 1)
        where TModel : nn.Module, IModel<TModel>
    {
        var model = TModel.Create(device, type);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new torch.Generator(seed, device);
        foreach (var parameter in model.parameters().Where(static p => p.requires_grad))
            parameter.normal_(0, Deviation, random);
        return model;
    }

    /// <summary>Random inputs of a model.</summary>
    public static BenchInput Input(ModelCard card, int n, Device device, ScalarType type = ScalarType.Float32, ulong seed = 2)
    {
        using var scope = NewDisposeScope();
        using var random = new torch.Generator(seed);
        var x = randn(card.Input.Batch(n), generator: random).to(type, device);
        var t = randint(0, 1000, [n], dtype: ScalarType.Int64, generator: random).to(device);
        var labels = randint(0, card.Classes, [n], dtype: ScalarType.Int64, generator: random).to(device);
        return new(x.MoveToOuterDisposeScope(), t.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    }

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
/// <param name="Labels">(N,).</param>
internal sealed record BenchInput(Tensor X, Tensor T, Tensor Labels) : IDisposable
{
    public void Dispose()
    {
        X.Dispose();
        T.Dispose();
        Labels.Dispose();
    }
}
