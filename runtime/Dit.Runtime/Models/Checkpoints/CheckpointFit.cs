using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A checkpoint whose names and shapes are certain to be those of a model: what is left is to read it.
/// </summary>
internal sealed class CheckpointFit
{
    private readonly ICheckpointFile file;
    private readonly string modelName;
    private readonly IReadOnlyList<CheckpointEntry> map;
    private readonly string prefix;
    private readonly RecomputedPositions? positions;

    private CheckpointFit(
        ICheckpointFile file, string modelName, IReadOnlyList<CheckpointEntry> map, string prefix, RecomputedPositions? positions) =>
        (this.file, this.modelName, this.map, this.prefix, this.positions) = (file, modelName, map, prefix, positions);

    /// <summary>Compares a file with the map of a model.</summary>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="table">The model's position table, where it has a fixed one.</param>
    /// <param name="grid">What to do when that table is of another grid.</param>
    /// <param name="notice">
    /// Receives one sentence for a prefix of the names, and one for the scalars that are skipped.
    /// </param>
    /// <exception cref="CheckpointMismatchException">The names or shapes differ.</exception>
    public static CheckpointFit Of(
        ICheckpointFile file,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        CheckpointWeights weights,
        PositionTable? table = null,
        CheckpointGrid? grid = null,
        Action<string>? notice = null)
    {
        var positions = table is null || grid is null
            ? null
            : grid.Match<RecomputedPositions?>(static () => null, notice => new RecomputedPositions(modelName, table, notice));
        CheckpointEntry[] read = [.. map.Where(entry => positions?.Computes(entry.Name) != true)];
        string[] computed = [.. map.Select(static entry => entry.Name).Where(name => positions?.Computes(name) == true)];
        var place = WeightsPlace.Find(file, read, ignored: computed, weights).Certain();
        if (place.Difference.Count > 0)
            throw new CheckpointMismatchException(
                $"'{file.Path}'{(place.Prefix.Length == 0 ? "" : $", below '{Printable.Of(place.Prefix)}',")} is not a checkpoint of "
                    + $"{modelName}",
                place.Difference,
                MismatchReason.Guess(place.Difference, map, [.. file.Below(place.Prefix).Tensors.Keys], modelName, table));
        foreach (var sentence in place.Notices(file.Path, modelName))
            notice?.Invoke(sentence);
        return new(file, modelName, map, place.Prefix, positions);
    }

    /// <summary>Fills a model, converting to the types and devices of its tensors.</summary>
    public void Fill(nn.Module model)
    {
        using var scope = NewDisposeScope();
        var state = model.state_dict();
        CheckMap(state);
        CheckpointEntry[] read = [.. map.Where(entry => positions?.Computes(entry.Name) != true)];
        foreach (var entry in read)
            if (file.Tensors[prefix + entry.Name].DType is var type
                && TensorTypes.IsFloatingPoint(type) != TensorTypes.IsFloatingPoint(state[entry.Name].dtype))
                throw new DitException($"Tensor '{entry.Name}' of '{file.Path}' is {type}; "
                    + $"that of {modelName} is {state[entry.Name].dtype}, and converting would change its meaning.");
        foreach (var entry in read)
            file.CopyInto(prefix + entry.Name, state[entry.Name]);
        positions?.Fill(model, file, prefix);
    }

    // The map is generated with the model: a difference is a defect of this library and not of the file.
    private void CheckMap(Dictionary<string, Tensor> state)
    {
        var wrong = map.FirstOrDefault(entry =>
            !state.TryGetValue(entry.Name, out var tensor) || !tensor.shape.AsSpan().SequenceEqual(entry.Shape))?.Name
            ?? state.Keys.Except(map.Select(static entry => entry.Name)).FirstOrDefault();
        if (wrong is not null)
            throw new InvalidOperationException($"The checkpoint map of {modelName} does not match its state dict at '{wrong}'.");
    }
}
