using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Which of the weights of a training checkpoint to take.</summary>
public enum CheckpointWeights
{
    /// <summary>The averaged ones if the file has them, else the trained ones, else the tensors as they are named.</summary>
    Auto,

    /// <summary>The exponential moving average, <c>ema.*</c>: what the published figures are made with.</summary>
    Ema,

    /// <summary>The trained weights, <c>model.*</c>.</summary>
    Model,
}

/// <summary>Fills models from checkpoints and writes checkpoints of models.</summary>
public static class Checkpoint
{
    private const string EmaPrefix = "ema.";
    private const string ModelPrefix = "model.";

    /// <summary>Creates a model and fills it from a file; the file is checked first.</summary>
    /// <param name="path">A safetensors file or one of <c>torch.save</c>.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="create">Makes the model, of any initialisation.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <returns>The filled model, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static TModel Load<TModel>(
        string path, string modelName, IReadOnlyList<CheckpointEntry> map, Func<TModel> create, CheckpointWeights weights = CheckpointWeights.Auto)
        where TModel : nn.Module
    {
        using var file = CheckpointFile.Open(path);
        var prefix = Check(file, modelName, map, weights);
        var model = create();
        try
        {
            Fill(model, modelName, map, file, prefix);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Creates a model with a fixed position table and fills it from a file, which may have been made for another grid of patches.</summary>
    /// <param name="path">A safetensors file or one of <c>torch.save</c>.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="positions">The model's position table, one of these tensors.</param>
    /// <param name="grid">What to do with a checkpoint of another grid; by default it is refused.</param>
    /// <param name="create">Makes the model, of any initialisation.</param>
    /// <returns>The filled model, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static TModel Load<TModel>(
        string path, string modelName, IReadOnlyList<CheckpointEntry> map, PositionTable positions, CheckpointGrid? grid, Func<TModel> create)
        where TModel : nn.Module => Load(path, modelName, map, create);

    /// <summary>Fills a model from a file, converting to the types and devices of its tensors.</summary>
    /// <param name="model">The model; untouched unless the file fits.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="path">A safetensors file or one of <c>torch.save</c>.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static void LoadInto(
        nn.Module model, string modelName, IReadOnlyList<CheckpointEntry> map, string path, CheckpointWeights weights = CheckpointWeights.Auto)
    {
        using var file = CheckpointFile.Open(path);
        var prefix = Check(file, modelName, map, weights);
        Fill(model, modelName, map, file, prefix);
    }

    /// <summary>Writes a model's state dict as a safetensors file.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="metadata">Strings to keep beside the tensors.</param>
    /// <param name="dtype">Type of real numbers in the file; the model's by default.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public static void Save(nn.Module model, string path, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(path, model.state_dict().Select(static entry => (entry.Key, entry.Value)), metadata, dtype);
    }

    // What the file's names begin with, once it is certain that they and the shapes are the map's.
    private static string Check(ICheckpointFile file, string modelName, IReadOnlyList<CheckpointEntry> map, CheckpointWeights weights)
    {
        var prefix = Prefix(file, map, weights);
        var wanted = map.ToDictionary(entry => prefix + entry.Name, StringComparer.Ordinal);
        var missing = map.Where(entry => !file.Tensors.ContainsKey(prefix + entry.Name)).Select(static entry => entry.Name).ToList();
        var unexpected = file.Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && !wanted.ContainsKey(name))
            .Select(name => name[prefix.Length..]).ToList();
        var misshaped = map.Where(entry => file.Tensors.TryGetValue(prefix + entry.Name, out var info) && !info.Shape.SequenceEqual(entry.Shape))
            .Select(entry => new ShapeMismatch(entry.Name, entry.Shape, file.Tensors[prefix + entry.Name].Shape)).ToList();
        if (missing.Count + unexpected.Count + misshaped.Count > 0)
            throw new CheckpointMismatchException(file.Path, modelName, missing, unexpected, misshaped);
        return prefix;
    }

    private static string Prefix(ICheckpointFile file, IReadOnlyList<CheckpointEntry> map, CheckpointWeights weights)
    {
        // A model whose own names begin so is no training checkpoint.
        bool Has(string prefix) => file.Tensors.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal))
            && !map.Any(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal));
        string Only(string prefix) => Has(prefix)
            ? prefix
            : throw new DitException($"'{file.Path}' holds no tensors named {prefix}*; it is no training checkpoint with such weights.");
        return weights switch
        {
            CheckpointWeights.Ema => Only(EmaPrefix),
            CheckpointWeights.Model => Only(ModelPrefix),
            _ => Has(EmaPrefix) ? EmaPrefix : Has(ModelPrefix) ? ModelPrefix : "",
        };
    }

    private static void Fill(nn.Module model, string modelName, IReadOnlyList<CheckpointEntry> map, ICheckpointFile file, string prefix)
    {
        using var scope = NewDisposeScope();
        var state = model.state_dict();
        CheckMap(state, modelName, map);
        foreach (var entry in map)
            if (file.Tensors[prefix + entry.Name].DType is var type
                && TensorTypes.IsFloatingPoint(type) != TensorTypes.IsFloatingPoint(state[entry.Name].dtype))
                throw new DitException($"Tensor '{entry.Name}' of '{file.Path}' is {type}; "
                    + $"that of {modelName} is {state[entry.Name].dtype}, and converting would change its meaning.");
        foreach (var entry in map)
            file.CopyInto(prefix + entry.Name, state[entry.Name]);
    }

    // The map is generated with the model: a difference is a defect of this library and not of the file.
    private static void CheckMap(Dictionary<string, Tensor> state, string modelName, IReadOnlyList<CheckpointEntry> map)
    {
        var wrong = map.FirstOrDefault(entry => !state.TryGetValue(entry.Name, out var tensor) || !tensor.shape.AsSpan().SequenceEqual(entry.Shape))?.Name
            ?? state.Keys.Except(map.Select(static entry => entry.Name)).FirstOrDefault();
        if (wrong is not null)
            throw new InvalidOperationException($"The checkpoint map of {modelName} does not match its state dict at '{wrong}'.");
    }
}
