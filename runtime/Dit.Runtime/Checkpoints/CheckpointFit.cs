using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A checkpoint whose names and shapes are certain to be those of a model: what is left is to read it.</summary>
internal sealed class CheckpointFit
{
    private const string EmaPrefix = "ema.";
    private const string ModelPrefix = "model.";
    private const string LightningPrefix = "state_dict.";

    private readonly ICheckpointFile file;
    private readonly string modelName;
    private readonly IReadOnlyList<CheckpointEntry> map;
    private readonly string prefix;
    private readonly RecomputedPositions? positions;

    private CheckpointFit(ICheckpointFile file, string modelName, IReadOnlyList<CheckpointEntry> map, string prefix, RecomputedPositions? positions) =>
        (this.file, this.modelName, this.map, this.prefix, this.positions) = (file, modelName, map, prefix, positions);

    /// <summary>Compares a file with the map of a model.</summary>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="table">The model's position table, where it has a fixed one.</param>
    /// <param name="grid">What to do when that table is of another grid.</param>
    /// <exception cref="CheckpointMismatchException">The names or shapes differ.</exception>
    public static CheckpointFit Of(
        ICheckpointFile file, string modelName, IReadOnlyList<CheckpointEntry> map, CheckpointWeights weights, PositionTable? table, CheckpointGrid? grid)
    {
        var prefix = Prefix(file, map, weights);
        var positions = table is null || grid is null
            ? null
            : grid.Match<RecomputedPositions?>(static () => null, notice => new RecomputedPositions(modelName, table, notice));
        var difference = NameDifference.Between(
            [.. map.Where(entry => entry.Name != positions?.Name)], positions is null ? [] : [positions.Name], file.Below(prefix).Tensors);
        if (difference.Count > 0)
            throw new CheckpointMismatchException(file.Path, modelName, difference.Missing, difference.Unexpected, difference.Misshaped, table);
        return new(file, modelName, map, prefix, positions);
    }

    /// <summary>Fills a model, converting to the types and devices of its tensors.</summary>
    public void Fill(nn.Module model)
    {
        using var scope = NewDisposeScope();
        var state = model.state_dict();
        CheckMap(state);
        CheckpointEntry[] read = [.. map.Where(entry => entry.Name != positions?.Name)];
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
        var wrong = map.FirstOrDefault(entry => !state.TryGetValue(entry.Name, out var tensor) || !tensor.shape.AsSpan().SequenceEqual(entry.Shape))?.Name
            ?? state.Keys.Except(map.Select(static entry => entry.Name)).FirstOrDefault();
        if (wrong is not null)
            throw new InvalidOperationException($"The checkpoint map of {modelName} does not match its state dict at '{wrong}'.");
    }

    /// <summary>What the names of the wanted weights begin with: those of Lightning lie one level deeper.</summary>
    internal static string Prefix(ICheckpointFile file, IReadOnlyList<CheckpointEntry> map, CheckpointWeights weights)
    {
        // A model whose own names begin so is no training checkpoint.
        bool Has(string prefix, string within) => !map.Any(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal)) && file.Holds(within + prefix);
        var outer = Has(LightningPrefix, "") ? LightningPrefix : "";
        string Only(string prefix) => Has(prefix, outer)
            ? outer + prefix
            : throw new DitException($"'{file.Path}' holds no tensors named {outer}{prefix}*; it is no training checkpoint with such weights.");
        return weights switch
        {
            CheckpointWeights.Ema => Only(EmaPrefix),
            CheckpointWeights.Model => Only(ModelPrefix),
            _ => outer + (Has(EmaPrefix, outer) ? EmaPrefix : Has(ModelPrefix, outer) ? ModelPrefix : ""),
        };
    }
}
