using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The two power-function averages of a run (<see cref="PostHocEma"/>).</summary>
internal sealed class PowerAverages : IDisposable
{
    private const string Fixed = "fixed.";

    private readonly AverageSet averages;

    /// <summary>Averages that the first step sets.</summary>
    public PowerAverages(nn.Module model, PostHocEma lengths) => averages = new(
        model,
        lengths.Lengths.Select(static (length, i) => (Prefix(i), DecayOf(PowerProfile.GammaOf(length)))));

    /// <summary>What the names of an average's tensors begin with, in checkpoints and in snapshots.</summary>
    public static string Prefix(int index) => FormattableString.Invariant($"power.{index}.");

    /// <summary>
    /// The name of a tensor in the model, where a snapshot has it as one that is not trained; else null.
    /// </summary>
    public static string? FixedName(string name) => name.StartsWith(Fixed, StringComparison.Ordinal) ? name[Fixed.Length..] : null;

    /// <inheritdoc cref="AverageSet.State"/>
    public IEnumerable<KeyValuePair<string, Tensor>> State => averages.State;

    /// <summary>What a snapshot has: the tensors that change, and those of the model that are not trained.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Snapshot => State
        .Concat(averages.Tensors(0)
            .ExceptBy(averages.Changing(0).Select(static tensor => tensor.Key), static tensor => tensor.Key)
            .Select(static tensor => KeyValuePair.Create(Fixed + tensor.Key, tensor.Value)))
        .Select(static tensor => (tensor.Key, tensor.Value));

    /// <inheritdoc cref="AverageSet.Update"/>
    public void Update(int step) => averages.Update(step);

    public void Dispose() => averages.Dispose();

    private static Func<int, double> DecayOf(double gamma) => step => PowerProfile.DecayAt(gamma, step);
}
