using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Folders as diffusers' <c>DiTPipeline.save_pretrained</c> lays them out, the autoencoder left out.</summary>
/// <remarks>
/// <c>model_index.json</c>, <c>scheduler/scheduler_config.json</c>, <c>transformer/config.json</c> and
/// <c>transformer/diffusion_pytorch_model.safetensors</c>. diffusers loads it when it is given an autoencoder:
/// <c>DiTPipeline.from_pretrained(folder, vae=...)</c>. Of a UniDiffuser, whose pipeline has encoders and decoders of
/// its own, it is the network alone, <c>UniDiffuserModel.from_pretrained(folder)</c>. The weights carry the model's
/// spec (<see cref="CheckpointSpec"/>).
/// </remarks>
public static class DiffusersFolder
{
    private const string WeightsFile = "diffusion_pytorch_model.safetensors";

    // A class of diffusers then takes its own default.
    private const string NotGiven = "null";

    // Settings that a file may have otherwise without computing anything else: names, and what training or another kind
    // of model needs.
    private static readonly HashSet<string> WithoutMeaning = ["_class_name", "dropout", "norm_num_groups", "sample_size"];

    /// <summary>Writes a model as a folder of diffusers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The folder to create; it is whole or it is not there.</param>
    /// <param name="dtype">Type of real numbers in the file; the model's by default.</param>
    /// <exception cref="DitException">
    /// diffusers has no such model, or the folder exists or cannot be written.
    /// </exception>
    public static void Save<TModel>(TModel model, string path, ScalarType? dtype = null)
        where TModel : nn.Module, IModel<TModel>
    {
        using var tensors = DitNames.Diffusers<TModel>().Write(model);
        Save<TModel>(path, tensors, dtype);
    }

    /// <summary>Writes a checkpoint of a model as a folder of diffusers.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="path">The folder to create; it is whole or it is not there.</param>
    /// <param name="tensors">The checkpoint under the names of diffusers, as <see
    /// cref="NameMap.Write(ICheckpointFile)"/> shows it; it stays the caller's. Names of classes are taken from its
    /// metadata.</param>
    /// <param name="dtype">Type of real numbers in the file; the tensors' by default.</param>
    /// <exception cref="DitException">
    /// The folder exists or cannot be written, the checkpoint cannot be read, or diffusers has no scheduler for the
    /// process.
    /// </exception>
    public static void Save<TModel>(string path, ICheckpointFile tensors, ScalarType? dtype = null)
        where TModel : nn.Module, IModel<TModel>
    {
        var (card, process) = (TModel.Card, TModel.AnyProcess);
        if (UniDiffuserNames.IsOf(card))
        {
            AtomicFolder.Write(path, folder =>
            {
                SafeTensors.Save(Path.Combine(folder, WeightsFile), tensors, Metadata(card, tensors), dtype);
                Write(Path.Combine(folder, "config.json"), UniDiffuserNames.Settings(card, TModel.CheckpointMap));
            });
            return;
        }
        var labels = DiffusersSettings.Labels(tensors.Path, tensors.Metadata);
        var settings = DiffusersScheduler.Settings(card.Name, process, clip: card.IsPixelSpace); // fails before anything is written
        AtomicFolder.Write(path, folder =>
        {
            var (transformer, scheduler) = (Path.Combine(folder, "transformer"), Path.Combine(folder, "scheduler"));
            Directory.CreateDirectory(transformer);
            Directory.CreateDirectory(scheduler);
            SafeTensors.Save(Path.Combine(transformer, WeightsFile), tensors, Metadata(card, tensors), dtype);
            Write(Path.Combine(transformer, "config.json"), DiffusersSettings.Transformer(card));
            Write(Path.Combine(scheduler, "scheduler_config.json"), settings);
            Write(
                Path.Combine(folder, "model_index.json"),
                DiffusersSettings.Pipeline(card, DiffusersScheduler.Class(card.Name, process), labels));
        });
    }

    /// <summary>
    /// What a file's settings, where it has any beside its weights, say that is not so of a model, as one sentence;
    /// null where nothing is.
    /// </summary>
    /// <remarks>
    /// Shapes do not show everything: heads, and the grid of patches of a file that stores no positions.
    /// </remarks>
    /// <param name="file">A file under the names of diffusers.</param>
    /// <param name="card">The model.</param>
    public static string? OtherSetting(ICheckpointFile file, ModelCard card)
    {
        foreach (var (key, value) in DiffusersSettings.Transformer(card))
            if (!WithoutMeaning.Contains(key) && file.Metadata.TryGetValue($"config.{key}", out var given) && given != NotGiven
                && !Same(given, value))
                return $"'{file.Path}' is not a checkpoint of {card.Name}: its config.json has {key} {Printable.Of(given)}, and "
                    + $"{card.Name} has {Text(value)}.";
        var own = PixArtNames.IsOf(card) ? DiffusersSettings.Transformer(card)["sample_size"] : card.Input.Height;
        return file.Metadata.TryGetValue("config.sample_size", out var size) && size != NotGiven && size != Text(own)
            ? $"'{file.Path}' is not a checkpoint of {card.Name}: its config.json has sample_size {Printable.Of(size)}, and the input of "
                + $"{card.Name} is {card.Input}. "
                + "Its weights may be used at this size, at whatever quality: name its file of weights rather than the folder."
            : null;
    }

    // The spec is beside the tensors, as config.json is diffusers' own.
    private static Dictionary<string, string> Metadata(ModelCard card, ICheckpointFile tensors)
    {
        var metadata = new Dictionary<string, string> { [SafeTensors.FormatKey] = SafeTensors.Format };
        if (CheckpointSpec.Of(card, tensors) is { } spec) metadata[ModelCard.SpecKey] = spec;
        return metadata;
    }

    private static bool Same(string given, JsonNode? value) => given == Text(value)
        || (value is JsonValue number && number.TryGetValue<double>(out var wanted)
            && double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) && parsed == wanted);

    private static string Text(JsonNode? value) => value?.ToString() ?? "null";

    private static void Write(string path, JsonObject settings) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream,
            new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        settings.WriteTo(json);
    });
}
