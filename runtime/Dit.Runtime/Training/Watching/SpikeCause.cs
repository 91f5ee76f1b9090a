using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Finds where a spike comes from; it costs nothing while there is none.</summary>
internal static class SpikeCause
{
    private const double Notable = 2; // times the size under the averaged weights

    /// <summary>Where a high loss comes from: the outputs of the modules are compared with those under the averaged
    /// weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="average">The averaged weights.</param>
    /// <param name="again">Computes the loss of the step again.</param>
    /// <returns>A sentence after a space.</returns>
    public static string OfLoss(nn.Module model, ExponentialMovingAverage average, Action again)
    {
        var now = Sizes(model, again);
        Dictionary<string, double> usual;
        using (average.Exchange()) usual = Sizes(model, again);
        var (name, growth) = now
            .Select(one => (one.Key, one.Value / Math.Max(usual.GetValueOrDefault(one.Key), double.Epsilon)))
            .DefaultIfEmpty(("", 0.0))
            .MaxBy(static one => one.Item2);
        return growth < Notable
            ? " No module's output has grown by much, compared with the averaged weights."
            : FormattableString.Invariant(
                $" On the images of the step, the output of '{name}' has grown most: {growth:G3} times that of the averaged weights.");
    }

    /// <summary>Where a large gradient comes from: the parameter with the largest share.</summary>
    /// <param name="model">The model, with its gradients.</param>
    /// <returns>A sentence after a space.</returns>
    public static string OfGradient(nn.Module model)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        (string Name, double Square)[] squares =
        [
            .. model.named_parameters()
                .Where(static one => one.parameter.grad is { IsInvalid: false })
                .Select(static one => (one.name, Math.Pow(one.parameter.grad?.norm().item<float>() ?? 0, 2))),
        ];
        var (name, most) = squares.MaxBy(static one => one.Square);
        return FormattableString.Invariant(
            $" The gradient of '{name}' is {most / squares.Sum(static one => one.Square):P0} of its square.");
    }

    // The root of the mean square of each module's output; of several outputs, the largest.
    private static Dictionary<string, double> Sizes(nn.Module model, Action again)
    {
        var sizes = new Dictionary<string, double>();
        ForwardHooks.Watch(model, Seen, again);
        return sizes;

        void Seen(string name, Tensor output)
        {
            if (name.Length == 0) return; // the model itself
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            var size = output.detach().to(ScalarType.Float32).square().mean().sqrt().item<float>();
            sizes[name] = Math.Max(sizes.GetValueOrDefault(name), size);
        }
    }
}
