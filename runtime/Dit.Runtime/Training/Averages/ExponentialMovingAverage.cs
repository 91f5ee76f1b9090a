using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A slowly following copy of a model's weights: <c>average = decay average + (1 - decay) weights</c> after each step.
/// </summary>
/// <remarks>
/// Samples are drawn from this average (paper, section 4). It owns its tensors, which have the names of the model's
/// state dict.
/// </remarks>
public sealed class ExponentialMovingAverage : IDisposable
{
    private readonly Dictionary<string, Tensor> averages = [];
    private readonly List<(string Name, Tensor Average, Tensor Source)> followed = [];
    private readonly double decay;
    private readonly Tensor rate; // 1 - decay, a scalar

    /// <summary>Starts as a copy of the model's parameters and buffers.</summary>
    /// <param name="model">The model to follow.</param>
    /// <param name="decay">From 0, the average is the weights, up to but not including 1.</param>
    /// <exception cref="DitException">The decay is out of range.</exception>
    public ExponentialMovingAverage(nn.Module model, double decay)
    {
        if (decay is not (>= 0 and < 1))
            throw new DitException($"The decay of a moving average must be from 0 up to, not including, 1; it is {decay}.");
        this.decay = decay;
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in model.state_dict())
        {
            var average = tensor.clone().DetachFromDisposeScope();
            averages.Add(name, average);
            if (tensor.requires_grad) followed.Add((name, average, tensor)); // the position table does not move: it stays the copy it is
        }
        var like = followed.Count > 0 ? followed[0].Average : averages.Values.First();
        rate = tensor(1 - decay, dtype: like.dtype, device: like.device).DetachFromDisposeScope();
    }

    /// <summary>The averaged tensors by name; they change in place with each <see cref="Update()"/>.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => averages;

    /// <summary>What moves, and the weights it follows.</summary>
    internal IReadOnlyList<(string Name, Tensor Average, Tensor Source)> Followed => followed;

    /// <summary>
    /// The decay of an average that leaves its start soon: <c>min(decay, (1 + t) / (10 + t))</c>, as in TensorFlow,
    /// diffusers and timm.
    /// </summary>
    /// <param name="decay">The decay that is reached, at about step 9 / (1 - decay).</param>
    /// <param name="step">The step, from 1; t counts from 0.</param>
    /// <returns>What <see cref="Update(double)"/> takes: 0.1 in the first step.</returns>
    public static double WarmUp(double decay, int step) => Math.Min(decay, step / (9.0 + step));

    /// <summary>Moves the average towards the model's present weights.</summary>
    public void Update() => Update(decay);

    /// <summary>Moves the average towards the model's present weights, with a decay of this step.</summary>
    /// <param name="decay">From 0, the average becomes the weights, to 1, it stays.</param>
    public void Update(double decay)
    {
        using var noGradients = no_grad();
        using Scalar rest = 1 - decay;
        rate.fill_(rest);
        foreach (var (_, average, source) in followed) average.lerp_(source, rate);
    }

    /// <summary>Exchanges the model's weights and their averages until the result is disposed of, without changing a
    /// bit.</summary>
    /// <remarks>It takes the memory of the largest tensor. Meanwhile the model must not be trained.</remarks>
    internal IDisposable Exchange()
    {
        Swap();
        return new Exchanged(this);
    }

    private void Swap()
    {
        using var noGradients = no_grad();
        foreach (var (_, average, source) in followed)
        {
            using var weights = source.detach().clone();
            source.copy_(average);
            average.copy_(weights);
        }
    }

    /// <summary>
    /// Whether no value is infinite or not a number. One bad step marks an average for ever, so this speaks for the
    /// whole past.
    /// </summary>
    public bool IsFinite()
    {
        using var scope = NewDisposeScope();
        return followed.All(pair => pair.Average.isfinite().all().item<bool>());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var average in averages.Values) average.Dispose();
        rate.Dispose();
    }

    private sealed class Exchanged(ExponentialMovingAverage average) : IDisposable
    {
        public void Dispose() => average.Swap();
    }
}
