using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The gradients of all parameters of a model of any kind, by their names, with its blocks computed in some way.
/// </summary>
internal sealed class BlockGradients(bool checkpoints, ScalarType? type = null) : IModelVisitor<IReadOnlyDictionary<string, Tensor>>
{
    private const int Samples = 3;

    public IReadOnlyDictionary<string, Tensor> Visit<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var model = Stirred.Create<TModel>();
        using var random = new Generator(9);
        var condition = AnyCondition.Of<TCondition>(
            TModel.Card,
            classes => randint(classes, [Samples], ScalarType.Int64, generator: random),
            text => new(randn([Samples, text.Tokens, text.Width], generator: random)),
            Samples);
        var x = randn(TModel.Card.Input.Batch(Samples), generator: random);
        return Backward(model, () => [model.Predict(x, Times(random), condition)]);
    }

    public IReadOnlyDictionary<string, Tensor> VisitJoint<TModel>()
        where TModel : nn.Module, IJointModel<TModel>
    {
        var model = Stirred.Create<TModel>();
        using var random = new Generator(9);
        var shape = TModel.Modalities;
        return Backward(model, () =>
        {
            var (image, clip, text) = model.Predict(
                randn(TModel.Card.Input.Batch(Samples), generator: random),
                randn([Samples, 1, shape.ClipWidth], generator: random),
                randn([Samples, shape.TextTokens, shape.TextWidth], generator: random),
                Times(random),
                Times(random),
                zeros(Samples, ScalarType.Int64));
            return [image, clip, text];
        });
    }

    private static Tensor Times(Generator random) => rand(Samples, generator: random);

    private IReadOnlyDictionary<string, Tensor> Backward(nn.Module model, Func<Tensor[]> predict)
    {
        using var blocks = BlockScope.Open(checkpoints, type);
        predict().Aggregate(zeros(1), static (sum, part) => sum + part.square().mean()).backward();
        blocks.ThrowIfFailed();
        return model.named_parameters()
            .Where(static p => p.parameter.requires_grad)
            .ToDictionary(static p => p.name, static p => p.parameter.grad ?? zeros(1));
    }
}
