using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>Models and inputs that are the same in every run.</summary>
internal static class Workload
{
    /// <summary>A model whose parameters are all random: a new one predicts zero, whatever its blocks do.</summary>
    public static TModel Create<TModel>(Device device)
        where TModel : nn.Module, IModel<TModel>
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var model = TModel.Create();
        using var random = new torch.Generator(1);
        foreach (var parameter in model.parameters().Where(static parameter => parameter.requires_grad)) parameter.normal_(0, 0.02, random);
        return device.type == DeviceType.CPU ? model : model.to(device);
    }

    /// <summary>Images, timesteps and labels.</summary>
    public static (Tensor X, Tensor T, Tensor Labels) Inputs(ModelCard card, int n, Device device)
    {
        using var random = new torch.Generator(2);
        var x = randn(card.Input.Batch(n), generator: random).to(device);
        var t = tensor(Enumerable.Range(0, n).Select(i => (long)(i * 997 % 1000)).ToArray(), device: device);
        var labels = tensor(Enumerable.Range(0, n).Select(i => (long)(i * 389 % card.Classes)).ToArray(), device: device);
        return (x, t, labels);
    }

    /// <summary>Largest difference, by the largest value where that exceeds 1.</summary>
    public static double Difference(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        var largest = Math.Max(1, expected.abs().max().ToDouble());
        return (expected - actual).abs().max().ToDouble() / largest;
    }

    /// <summary>Waits for the device.</summary>
    public static void Finish(Device device)
    {
        if (device.type == DeviceType.CUDA) cuda.synchronize(device);
    }
}
