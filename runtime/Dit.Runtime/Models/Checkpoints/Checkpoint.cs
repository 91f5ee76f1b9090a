using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Fills models from checkpoints and writes checkpoints of models.</summary>
/// <remarks>
/// A file is compared with the model first (<see cref="CheckpointFit"/>), and only a file that fits is read into it.
/// Generated models call these methods in their <c>Load</c>.
/// </remarks>
public static class Checkpoint
{
    /// <summary>Creates a module and fills it from an open file; the file is checked first.</summary>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <param name="modelName">The module's name, for messages.</param>
    /// <param name="map">Every tensor that the module has.</param>
    /// <param name="create">Creates the module, with any initial values.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">
    /// Receives a sentence for a prefix that is left out of the names, and one for scalars that are ignored.
    /// </param>
    /// <returns>The filled module in eval mode, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the module's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static TModel Load<TModel>(
        ICheckpointFile file,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        Func<TModel> create,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
        where TModel : nn.Module => Filled(CheckpointFit.Of(file, modelName, map, weights, notice: notice), create);

    /// <summary>
    /// Creates a module and fills it from a file of any format that <see cref="CheckpointFile.Open(string)"/> reads.
    /// </summary>
    /// <inheritdoc cref="Load{TModel}(ICheckpointFile, string, IReadOnlyList{CheckpointEntry}, Func{TModel},
    /// CheckpointWeights, Action{string}?)"/>
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

    /// <summary>
    /// Creates a generated model and fills it from an open file, which may be of a different grid of patches or have
    /// diffusers' names.
    /// </summary>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <param name="card">The model.</param>
    /// <param name="map">Every tensor that the model has.</param>
    /// <param name="positions">
    /// The model's position table, one of these tensors; null where it has no fixed one.
    /// </param>
    /// <param name="grid">What to do with a checkpoint of a different grid; by default it is refused.</param>
    /// <param name="create">Creates the model, with any initial values.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">
    /// Receives a sentence for a prefix that is left out of the names, and one for scalars that are ignored.
    /// </param>
    /// <returns>The filled model in eval mode, which the caller owns; when anything fails it is disposed.</returns>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the model's.</exception>
    /// <exception cref="DitException">
    /// The file cannot be read, or has diffusers' names while the model's numerics are not diffusers'.
    /// </exception>
    public static TModel Load<TModel>(
        ICheckpointFile file,
        ModelCard card,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable? positions,
        CheckpointGrid? grid,
        Func<TModel> create,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
        where TModel : nn.Module
    {
        var (named, isForeign) = DitNames.Recognize(file, card, map, weights, notice);
        return Filled(
            isForeign
                ? CheckpointFit.Of(named, card.Name, map, CheckpointWeights.Auto, positions, grid)
                : CheckpointFit.Of(named, card.Name, map, weights, positions, grid, notice),
            create);
    }

    /// <summary>
    /// Creates a generated model and fills it from a file of any format that <see cref="CheckpointFile.Open(string)"/>
    /// reads.
    /// </summary>
    /// <inheritdoc cref="Load{TModel}(ICheckpointFile, ModelCard, IReadOnlyList{CheckpointEntry}, PositionTable,
    /// CheckpointGrid?, Func{TModel}, CheckpointWeights, Action{string}?)"/>
    public static TModel Load<TModel>(
        string path,
        ModelCard card,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable? positions,
        CheckpointGrid? grid,
        Func<TModel> create,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null)
        where TModel : nn.Module
    {
        using var file = CheckpointFile.Open(path);
        return Load(file, card, map, positions, grid, create, weights, notice);
    }

    /// <summary>Fills an existing module from a file, converting to the types and devices of its tensors.</summary>
    /// <param name="model">The module; it is not touched unless the file fits.</param>
    /// <param name="modelName">Its name, for messages.</param>
    /// <param name="map">Every tensor that it has.</param>
    /// <param name="path">A checkpoint of any format that <see cref="CheckpointFile.Open(string)"/> reads.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">
    /// Receives a sentence for a prefix that is left out of the names, and one for scalars that are ignored.
    /// </param>
    /// <param name="positions">The module's fixed position table, one of its tensors; by default it has none.</param>
    /// <param name="grid">What to do when that table is of a different grid; by default the file is refused.</param>
    /// <exception cref="CheckpointMismatchException">The file's names or shapes are not the module's.</exception>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public static void LoadInto(
        nn.Module model,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        string path,
        CheckpointWeights weights = CheckpointWeights.Auto,
        Action<string>? notice = null,
        PositionTable? positions = null,
        CheckpointGrid? grid = null)
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

    /// <summary>
    /// Writes a generated model's state dict as a safetensors file with <see cref="ModelCard.ToMetadata"/> as its
    /// metadata.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="metadata">
    /// More strings to keep. They override those of the card, except <see cref="ModelCard.SpecKey"/>: a file carries
    /// the spec of its own tensors, whichever file the strings come from.
    /// </param>
    /// <param name="dtype">Type of real numbers in the file; the model's by default.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public static void Save<TModel>(
        TModel model, string path, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
        where TModel : nn.Module, IModel<TModel>
    {
        var all = new Dictionary<string, string>(TModel.Card.ToMetadata()) { [SafeTensors.FormatKey] = SafeTensors.Format };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            if (key != ModelCard.SpecKey || TModel.Card.Spec is null) all[key] = value;
        Save((nn.Module)model, path, all, dtype);
    }

    /// <summary>Writes a model's state dict as a safetensors file, the path first as in all writers.</summary>
    /// <inheritdoc cref="Save(nn.Module, string, IReadOnlyDictionary{string, string}?, ScalarType?)"/>
    public static void Save(string path, nn.Module model, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null) =>
        Save(model, path, metadata, dtype);

    /// <summary>
    /// Writes a generated model's state dict as a safetensors file with its card, the path first as in all writers.
    /// </summary>
    /// <inheritdoc cref="Save{TModel}(TModel, string, IReadOnlyDictionary{string, string}?, ScalarType?)"/>
    public static void Save<TModel>(
        string path, TModel model, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
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
