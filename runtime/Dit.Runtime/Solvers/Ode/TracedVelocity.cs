using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The velocity of a flow beside an estimate of its divergence, as one slope: of the state (x, a), packed to
/// (N, C Y X + 1), where a gathers the divergence.
/// </summary>
/// <param name="flow">The flow.</param>
/// <param name="network">The network, differentiable.</param>
/// <param name="shape">(N, C, Y, X).</param>
/// <param name="probes">Random tensors of that shape, of mean 0 and variance 1.</param>
internal sealed class TracedVelocity(Flow flow, TrainedNetwork network, long[] shape, IReadOnlyList<Tensor> probes)
{
    /// <summary>Calls of the network.</summary>
    public int Evaluations { get; private set; }

    /// <summary>The state of x with nothing gathered.</summary>
    public Tensor Pack(Tensor x) => Join(x, zeros([shape[0]], x.dtype, x.device));

    /// <summary>x, (N, C, Y, X), and what was gathered, (N,).</summary>
    public (Tensor X, Tensor Gathered) Unpack(Tensor state)
    {
        var dimensions = state.shape[1] - 1;
        return (state.narrow(1, 0, dimensions).reshape(shape), state.select(1, dimensions));
    }

    /// <summary>The velocity and its divergence at a state and a time, packed.</summary>
    /// <exception cref="DitException">The network gives no gradient.</exception>
    public Tensor SlopeAt(Tensor state, double t)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        var x = Unpack(state).X.detach().requires_grad_(true);
        var output = network(x, ProcessMath.ToTensor([t], x.device).expand(shape[0]));
        Evaluations++;
        if (!output.requires_grad)
            throw new DitException(
                "The likelihood needs the network's gradient, and its output has none: give the model's forward, not a session.");
        var velocity = ((IProcess)flow).Convert(output, x, t, Prediction.Velocity);
        var trace = probes.Select((probe, i) => Probed(velocity, x, probe, isLast: i == probes.Count - 1)).Aggregate((a, b) => a + b);
        return Join(velocity.detach(), trace / probes.Count).MoveToOuterDisposeScope();
    }

    // e^T (dv / dx) e of each sample.
    private static Tensor Probed(Tensor velocity, Tensor x, Tensor probe, bool isLast)
    {
        var product = autograd.grad([velocity], [x], [probe.to(velocity.dtype)], retain_graph: !isLast)[0];
        return (product * probe).flatten(1).sum(1).detach();
    }

    private static Tensor Join(Tensor x, Tensor gathered) => cat([x.flatten(1), gathered.unsqueeze(1)], dim: 1);
}
