using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>New models are zero at the end; these are not.</summary>
internal static class Stirred
{
    /// <summary>A new model with a little noise on every trained parameter.</summary>
    public static TModel Create<TModel>(long seed = 1)
        where TModel : nn.Module, IModel<TModel>
    {
        var model = TModel.Create(seed: seed);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new Generator((ulong)seed);
        foreach (var parameter in model.parameters().Where(static p => p.requires_grad))
            parameter.add_(0.1 * randn(parameter.shape, generator: random));
        return model;
    }

    /// <summary>
    /// A new model with noise as large as the weights that keep sums of as many numbers as there are near one: larger,
    /// and attention would magnify rounding.
    /// </summary>
    public static TModel Evenly<TModel>()
        where TModel : nn.Module, IModel<TModel>
    {
        var model = TModel.Create(seed: 3);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new Generator(3);
        foreach (var parameter in model.parameters().Where(static p => p.requires_grad))
            parameter.add_(randn(parameter.shape, generator: random) * (parameter.dim() > 1
                ? 0.7 / Math.Sqrt((double)parameter.numel() / parameter.shape[0]) : 0.1));
        return model;
    }
}
