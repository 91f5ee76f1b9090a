using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Which of the weights of a training checkpoint to take.</summary>
/// <remarks>In a checkpoint of Lightning all of them lie below <c>state_dict.</c>, and are looked for there.</remarks>
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
    /// <summary>Creates a model and fills it from a file; the file is checked first.</summary>
    /// <param name="path">A checkpoint of any format that <see cref="CheckpointFile.Open(string)"/> reads.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="create">Makes the model, of any initialization.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">Told in one sentence each what prefix the names in the file have, and which scalars of it are passed over.</param>
    /// <returns>The filled model in eval mode, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static TModel Load<TModel>(
        string path,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        Func<TModel> create,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
        where TModel : nn.Module
    {
        using var file = CheckpointFile.Open(path);
        return Load(file, modelName, map, create, weights, notice);
    }

    /// <summary>Creates a model and fills it from an open file; the file is checked first.</summary>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="create">Makes the model, of any initialization.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">Told in one sentence each what prefix the names in the file have, and which scalars of it are passed over.</param>
    /// <returns>The filled model in eval mode, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static TModel Load<TModel>(
        ICheckpointFile file,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        Func<TModel> create,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
        where TModel : nn.Module => Filled(CheckpointFit.Of(file, modelName, map, weights, notice: notice), create);

    /// <summary>Creates a generated model and fills it from a file, which may have been made for another grid of patches, or have the names of diffusers.</summary>
    /// <param name="path">A checkpoint of any format that <see cref="CheckpointFile.Open(string)"/> reads.</param>
    /// <param name="card">The model.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="positions">The model's position table, one of these tensors.</param>
    /// <param name="grid">What to do with a checkpoint of another grid; by default it is refused.</param>
    /// <param name="create">Makes the model, of any initialization.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">Told in one sentence each what prefix the names in the file have, and which scalars of it are passed over.</param>
    /// <returns>The filled model in eval mode, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read, or it has the names of diffusers and the model's numerics are not those of diffusers.</exception>
    public static TModel Load<TModel>(
        string path,
        ModelCard card,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable positions,
        CheckpointGrid? grid,
        Func<TModel> create,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
        where TModel : nn.Module
    {
        using var file = CheckpointFile.Open(path);
        return Load(file, card, map, positions, grid, create, weights, notice);
    }

    /// <summary>Creates a generated model and fills it from an open file, which may have been made for another grid of patches, or have the names of diffusers.</summary>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <param name="card">The model.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="positions">The model's position table, one of these tensors.</param>
    /// <param name="grid">What to do with a checkpoint of another grid; by default it is refused.</param>
    /// <param name="create">Makes the model, of any initialization.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">Told in one sentence each what prefix the names in the file have, and which scalars of it are passed over.</param>
    /// <returns>The filled model in eval mode, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read, or it has the names of diffusers and the model's numerics are not those of diffusers.</exception>
    public static TModel Load<TModel>(
        ICheckpointFile file,
        ModelCard card,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable positions,
        CheckpointGrid? grid,
        Func<TModel> create,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
        where TModel : nn.Module
    {
        var (named, isForeign) = DitNames.Recognize(file, card, map, weights, notice);
        return Filled(CheckpointFit.Of(named, card.Name, map, isForeign ? CheckpointWeights.Auto : weights, positions, grid, isForeign ? null : notice), create);
    }

    /// <summary>Fills a model from a file, converting to the types and devices of its tensors.</summary>
    /// <param name="model">The model; untouched unless the file fits.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="path">A checkpoint of any format that <see cref="CheckpointFile.Open(string)"/> reads.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">Told in one sentence each what prefix the names in the file have, and which scalars of it are passed over.</param>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static void LoadInto(
        nn.Module model,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        string path,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
    {
        using var file = CheckpointFile.Open(path);
        CheckpointFit.Of(file, modelName, map, weights, notice: notice).Fill(model);
    }

    /// <summary>Fills a model with a fixed position table from a file, which may have been made for another grid of patches.</summary>
    /// <param name="model">The model; untouched unless the file fits.</param>
    /// <param name="modelName">The model's name, for messages.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="positions">The model's position table, one of these tensors.</param>
    /// <param name="grid">What to do with a checkpoint of another grid; by default it is refused.</param>
    /// <param name="path">A checkpoint of any format that <see cref="CheckpointFile.Open(string)"/> reads.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">Told in one sentence each what prefix the names in the file have, and which scalars of it are passed over.</param>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static void LoadInto(
        nn.Module model,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable positions,
        CheckpointGrid? grid,
        string path,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
    {
        using var file = CheckpointFile.Open(path);
        CheckpointFit.Of(file, modelName, map, weights, positions, grid, notice).Fill(model);
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

    /// <summary>Writes a generated model's state dict as a safetensors file that says what it is of: its metadata is <see cref="ModelCard.ToMetadata"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="metadata">
    /// Strings to keep besides; of two of one name, these count, but for <see cref="ModelCard.SpecKey"/>: a file that is drawn from alone carries the spec of
    /// its own tensors, whatever file the strings were taken from.
    /// </param>
    /// <param name="dtype">Type of real numbers in the file; the model's by default.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public static void Save<TModel>(TModel model, string path, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
        where TModel : nn.Module, IModel<TModel>
    {
        var all = new Dictionary<string, string>(TModel.Card.ToMetadata()) { [SafeTensors.FormatKey] = SafeTensors.Format };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            if (key != ModelCard.SpecKey || TModel.Card.Spec is null) all[key] = value;
        Save((nn.Module)model, path, all, dtype);
    }

    /// <summary>Writes a model's state dict as a safetensors file, the path first as in all writers.</summary>
    /// <inheritdoc cref="Save(nn.Module, string, IReadOnlyDictionary{string, string}?, ScalarType?)"/>
    public static void Save(string path, nn.Module model, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null) => Save(model, path, metadata, dtype);

    /// <summary>Writes a generated model's state dict as a safetensors file with its card, the path first as in all writers.</summary>
    /// <inheritdoc cref="Save{TModel}(TModel, string, IReadOnlyDictionary{string, string}?, ScalarType?)"/>
    public static void Save<TModel>(string path, TModel model, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
        where TModel : nn.Module, IModel<TModel> => Save(model, path, metadata, dtype);

    private static TModel Filled<TModel>(CheckpointFit fit, Func<TModel> create)
        where TModel : nn.Module
    {
        var model = create();
        try
        {
            fit.Fill(model);
            model.eval(); // what is loaded is to be used; training sets its own mode
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
