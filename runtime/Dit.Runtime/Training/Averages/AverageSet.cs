using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Averages that a run keeps beside the one that the optimizer moves along with the weights.</summary>
internal sealed class AverageSet : IDisposable
{
    private readonly IReadOnlyList<Kept> averages;

    /// <summary>Averages that start as copies of a model's present weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="averages">
    /// What the names of each average's tensors begin with in checkpoints, and its decay in a step, from 1.
    /// </param>
    public AverageSet(nn.Module model, IEnumerable<(string Prefix, Func<int, double> DecayAt)> averages) =>
        this.averages = [.. averages.Select(one => new Kept(one.Prefix, one.DecayAt, new ExponentialMovingAverage(model, decay: 0)))];

    /// <summary>The tensors that change; they stay the averages'.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State => averages.SelectMany(static one =>
        one.Average.Followed.Select(followed => KeyValuePair.Create(one.Prefix + followed.Name, followed.Average)));

    /// <summary>Moves all of them towards the model's present weights.</summary>
    /// <param name="step">The step just made, from 1.</param>
    public void Update(int step)
    {
        foreach (var one in averages) one.Average.Update(one.DecayAt(step));
    }

    /// <summary>The tensors of one average by their names in the model, those that are not trained included.</summary>
    /// <param name="index">Which one.</param>
    public IReadOnlyDictionary<string, Tensor> Tensors(int index) => averages[index].Average.Tensors;

    /// <summary>The tensors of one average that change, by their names in the model.</summary>
    /// <param name="index">Which one.</param>
    public IEnumerable<KeyValuePair<string, Tensor>> Changing(int index) =>
        averages[index].Average.Followed.Select(static followed => KeyValuePair.Create(followed.Name, followed.Average));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var one in averages) one.Average.Dispose();
    }

    private sealed record Kept(string Prefix, Func<int, double> DecayAt, ExponentialMovingAverage Average);
}
