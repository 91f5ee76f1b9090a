using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The denoiser behind the reference values, generated from golden.dit.yaml.</summary>
internal sealed class GoldenModel : IDisposable
{
    public static int NullClass => GoldenP2.Card.NullClass;

    private readonly GoldenP2 model = GoldenP2.Create();
    private InferenceSession<ClassLabels>? session;

    private GoldenModel(GoldenFile file)
    {
        using var frozen = no_grad();
        var state = model.state_dict();
        foreach (var (name, value) in file.Under("param.")) state[name].copy_(value);
    }

    public static GoldenModel Load()
    {
        using var file = new GoldenFile("model");
        return new(file);
    }

    public IReadOnlyDictionary<string, Parameter> Parameters =>
        model.named_parameters().ToDictionary(static p => p.name, static p => p.parameter);

    /// <summary>The network with its labels bound.</summary>
    public Denoiser For(Tensor labels) => (x, t) => Forward(x, full(x.shape[0], t), labels);

    /// <summary>The same, with a time for each sample.</summary>
    public TrainedNetwork Trained(Tensor labels) => (x, t) => Forward(x, t, labels);

    /// <summary>
    /// Guidance in the official layout: the second half of the batch repeats the first under the null class, the first
    /// three channels of both halves are the guided ones, and each half keeps its other channels.
    /// </summary>
    public Denoiser Guided(Tensor labels, double scale) => (x, t) =>
    {
        using var scope = NewDisposeScope();
        var half = x.chunk(2)[0];
        var output = Forward(cat([half, half]), full(x.shape[0], t), labels).chunk(2);
        var guided = Guidance.Combine(output[0], output[1], scale, GuidanceChannels.FirstThree, GoldenP2.Card.Input.Channels);
        var mirrored = cat([guided.narrow(1, 0, 3), output[1].narrow(1, 3, GoldenP2.Card.OutputChannels - 3)], dim: 1);
        return cat([guided, mirrored]).MoveToOuterDisposeScope();
    };

    /// <summary>From now on by the session for inference.</summary>
    public void UsePlan() => session = model.CreateSession();

    public Tensor Forward(Tensor x, Tensor t, Tensor labels) =>
        session is null ? model.call(x, t, labels) : session.Forward(x, t, new(labels));

    public void Dispose()
    {
        session?.Dispose();
        model.Dispose();
    }
}
