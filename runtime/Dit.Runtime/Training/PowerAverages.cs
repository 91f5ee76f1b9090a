using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The two power-function averages of a run (<see cref="PostHocEma"/>).</summary>
internal sealed class PowerAverages : IDisposable
{
    private const string Fixed = "fixed.";

    private readonly IReadOnlyList<(double Gamma, ExponentialMovingAverage Average)> averages;

    /// <summary>Averages that the first step sets.</summary>
    public PowerAverages(nn.Module model, PostHocEma lengths) =>
        averages = [.. lengths.Lengths.Select(length => (PowerProfile.GammaOf(length), new ExponentialMovingAverage(model, decay: 0)))];

    /// <summary>What the names of an average's tensors begin with, in checkpoints and in snapshots.</summary>
    public static string Prefix(int index) => FormattableString.Invariant($"power.{index}.");

    /// <summary>
    /// The name of a tensor in the model, where a snapshot has it as one that is not trained; else null.
    /// </summary>
    public static string? FixedName(string name) => name.StartsWith(Fixed, StringComparison.Ordinal) ? name[Fixed.Length..] : null;

    /// <summary>The tensors that change; they stay the averages'.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State => averages.SelectMany(static (one, i) =>
        one.Average.Followed.Select(followed => KeyValuePair.Create(Prefix(i) + followed.Name, followed.Average)));

    /// <summary>What a snapshot has: the tensors that change, and those of the model that are not trained.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Snapshot => State
        .Concat(averages[0].Average.Tensors
            .ExceptBy(averages[0].Average.Followed.Select(static followed => followed.Name), static tensor => tensor.Key)
            .Select(static tensor => KeyValuePair.Create(Fixed + tensor.Key, tensor.Value)))
        .Select(static tensor => (tensor.Key, tensor.Value));

    /// <summary>Moves both averages towards the model's present weights.</summary>
    /// <param name="step">The step just made, from 1.</param>
    public void Update(int step)
    {
        foreach (var (gamma, average) in averages) average.Update(PowerProfile.DecayAt(gamma, step));
    }

    public void Dispose()
    {
        foreach (var (_, average) in averages) average.Dispose();
    }
}
