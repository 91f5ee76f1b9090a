using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// What a model is handed: every mistake is named in our words, by <c>forward</c>, guidance and sessions alike.
/// </summary>
public sealed class GuardTests : IDisposable
{
    private static readonly ScalarType[] RealTypes = [ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64];

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>A device that every machine has and no tensor of a model is on.</summary>
    private static Device Elsewhere => META;

    private static Tensor X(ScalarType type = ScalarType.Float32, Device? device = null) => zeros([2, 3, 4, 8], type, device ?? CPU);

    private static Tensor T(ScalarType type = ScalarType.Float32, Device? device = null) => zeros(2, type, device ?? CPU);

    private static Tensor Labels(params long[] labels) => tensor(labels);

    [Fact]
    public void Numbers_of_another_type_than_the_weights_are_refused_for_every_pair_of_types()
    {
        foreach (var weights in RealTypes)
        {
            using var model = OfClasses.Create(dtype: weights);
            foreach (var given in RealTypes.Append(ScalarType.Int64).Where(type => type != weights))
                EachWay(
                    model,
                    X(given),
                    T(),
                    Labels(0, 1),
                    $"Of-Classes: x must be of type {weights}, as the model's weights are, but is of type {given}: convert it with "
                        + $".to(ScalarType.{weights}).");
            using var frozen = no_grad();
            Assert.Equal(weights, model.call(X(weights), T(), Labels(0, 1)).dtype);
        }
    }

    [Fact]
    public void Labels_that_do_not_exist_are_named_with_their_place()
    {
        using var model = OfClasses.Create();
        var random = new Random(7);
        foreach (
            var label in Enumerable
                .Range(0, 50)
                .Select(_ => random.NextInt64(long.MinValue, long.MaxValue))
                .Concat([-1, 4, long.MaxValue, long.MinValue, 1L << 32]))
            EachWay(
                model,
                X(),
                T(),
                Labels(3, label),
                $"Of-Classes: labels[1] is {label}: Of-Classes has classes 0 to 2, and 3 for no class.");
        EachWay(
            model,
            X(),
            T(),
            Labels(0, 9, 1, 9)[TensorIndex.Slice(1, null, 2)],
            "Of-Classes: labels[0] is 9: Of-Classes has classes 0 to 2, and 3 for no class.");

        using var frozen = no_grad();
        Assert.Equal([4, 6, 4, 8], model.call(zeros(4, 3, 4, 8), zeros(4), Labels(0, 1, 2, 3)).shape); // every label that there is
    }

    [Fact]
    public void Labels_of_other_types_are_refused()
    {
        using var model = OfClasses.Create();
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.Float64, ScalarType.Int32, ScalarType.Byte, ScalarType.Bool])
            EachWay(model, X(), T(), zeros(2, type), $"Of-Classes: labels must be of type Int64, but are of type {type}.");
    }

    [Fact]
    public void Timesteps_may_be_of_any_real_type_and_of_no_other()
    {
        using var model = OfClasses.Create();
        foreach (var type in (ScalarType[])[ScalarType.Bool, ScalarType.ComplexFloat32, ScalarType.ComplexFloat64])
            EachWay(model, X(), T(type), Labels(0, 1), $"Of-Classes: t must be of whole or real numbers, but is of type {type}.");
        using var frozen = no_grad();
        foreach (var type in (ScalarType[])[.. RealTypes, ScalarType.Int64, ScalarType.Int32])
            Assert.Equal([2, 6, 4, 8], model.call(X(), T(type), Labels(0, 1)).shape);
    }

    [Fact]
    public void Tensors_on_another_device_are_refused()
    {
        using var model = OfClasses.Create();
        EachWay(
            model,
            X(device: Elsewhere),
            T(),
            Labels(0, 1),
            $"Of-Classes: x must be on cpu, where the model's weights are, but is on {Elsewhere}.");
        EachWay(model, X(), T(device: Elsewhere), Labels(0, 1), $"Of-Classes: t must be on cpu, where x is, but is on {Elsewhere}.");
        EachWay(
            model,
            X(),
            T(),
            zeros(2, ScalarType.Int64, Elsewhere),
            $"Of-Classes: labels must be on cpu, where x is, but is on {Elsewhere}.");
    }

    [Fact]
    public void Texts_are_guarded_in_the_same_way()
    {
        using var model = OfText.Create();
        using var session = model.CreateSession();
        foreach (var (text, message) in new (TextEmbeddings, string)[]
        {
            (new(zeros([2, 3, 6], ScalarType.Int64)), "Of-Text: text must be of real numbers, but is of type Int64."),
            (new(zeros([2, 3, 6], device: Elsewhere)), $"Of-Text: text must be on cpu, where x is, but is on {Elsewhere}."),
            (new(zeros(2, 3, 6), zeros(2)), "Of-Text: text.DropMask must be of type Bool, but is of type Float32."),
            (
                new(zeros(2, 3, 6), zeros(2, ScalarType.Bool, Elsewhere)),
                $"Of-Text: text.DropMask must be on cpu, where x is, but is on {Elsewhere}."),
            (new(zeros(6)), "Of-Text: text must have the shape (2, 3, 6), one sequence of embeddings for each sample, but has (6)."),
        })
        {
            Refused(message, () => model.call(X(), T(), text));
            Refused(message, () => model.ForwardWithGuidance(X(), T(), text, 2));
            Refused(message, () => session.Forward(X(), T(), text));
        }
        Refused("Of-Text: x must be of type Float32", () => model.call(X(ScalarType.Float64), T(), new(zeros(2, 3, 6))));
    }

    [Fact]
    public void Models_of_nothing_are_guarded_too()
    {
        using var model = OfNothing.Create(dtype: ScalarType.BFloat16);
        using var session = model.CreateSession();
        const string message = "Of-Nothing: x must be of type BFloat16, as the model's weights are, but is of type Float32";
        Refused(message, () => model.call(X(), T()));
        Refused(message, () => session.Forward(X(), T(), new()));
    }

    [Fact]
    public void Samplers_name_texts_that_do_not_fit()
    {
        using var model = OfText.Create();
        var sampler = OfText.Samplers.Ddim5;
        Refused("Of-Text: text must have the shape (2, 3, 6), one sequence of embeddings for each sample, but has (2, 3, 5).", () =>
            sampler.Sample(model, new(zeros(2, 3, 5))));
        Refused("Of-Text: text must be of real numbers, but is of type Int64.", () =>
            sampler.Sample(model, new(zeros([2, 3, 6], ScalarType.Int64))));
        foreach (long[] shape in (long[][])[[], [6], [3, 6], [0, 3, 6]])
            Refused(
                $"Of-Text: text must be embeddings of at least one text, (N, L, W), but has the shape ({string.Join(", ", shape)}).",
                () => sampler.Sample(model, new(zeros(shape))));
    }

    private static void EachWay(OfClasses model, Tensor x, Tensor t, Tensor labels, string message)
    {
        using var session = model.CreateSession();
        Refused(message, () => model.call(x, t, labels));
        Refused(message, () => model.ForwardWithGuidance(x, t, labels, 2));
        Refused(message, () => session.Forward(x, t, new(labels)));
    }

    private static void Refused(string message, Func<Tensor> act) =>
        Assert.StartsWith(message, Assert.Throws<DitException>(act).Message, StringComparison.Ordinal);
}
