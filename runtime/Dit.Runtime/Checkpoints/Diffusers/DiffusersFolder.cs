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
/// <c>DiTPipeline.from_pretrained(folder, vae=...)</c>.
/// </remarks>
public static class DiffusersFolder
{
    private const string WeightsFile = "diffusion_pytorch_model.safetensors";

    // Settings that a file may have otherwise without computing anything else: names, and what training or another kind of model needs.
    private static readonly HashSet<string> WithoutMeaning = ["_class_name", "dropout", "norm_num_groups", "sample_size"];

    /// <summary>Writes a model, or a checkpoint of it, as a folder of diffusers.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="path">The folder to create; it is whole or it is not there.</param>
    /// <param name="tensors">What <see cref="NameMap.Write(nn.Module)"/> of <see cref="DitNames.Diffusers{TModel}"/> gives.</param>
    /// <param name="metadata">Where the names of the classes are taken from, if it has any: the metadata of a checkpoint.</param>
    /// <param name="dtype">Type of real numbers in the file; the tensors' by default.</param>
    /// <exception cref="DitException">The folder exists or cannot be written.</exception>
    public static void Save<TModel>(
        string path, IEnumerable<DeferredTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
        where TModel : nn.Module, IModel<TModel>
    {
        var (card, diffusion) = (TModel.Card, TModel.Diffusion);
        var labels = metadata is null ? null : DiffusersSettings.Labels(path, metadata);
        AtomicFolder.Write(path, folder =>
        {
            var (transformer, scheduler) = (Path.Combine(folder, "transformer"), Path.Combine(folder, "scheduler"));
            Directory.CreateDirectory(transformer);
            Directory.CreateDirectory(scheduler);
            SafeTensors.SaveDeferred(Path.Combine(transformer, WeightsFile), tensors, new Dictionary<string, string> { ["format"] = "pt" }, dtype);
            Write(Path.Combine(transformer, "config.json"), DiffusersSettings.Transformer(card));
            Write(Path.Combine(scheduler, "scheduler_config.json"), DiffusersSettings.Scheduler(diffusion, clip: card.IsPixelSpace));
            Write(Path.Combine(folder, "model_index.json"), DiffusersSettings.Pipeline(DiffusersSettings.SchedulerClass(diffusion), labels));
        });
    }

    /// <summary>Holds the settings beside the weights, where there are any, to those of a model: shapes do not show them all, heads for one.</summary>
    /// <exception cref="DitException">A setting is of another model.</exception>
    internal static void RequireSettingsOf(ModelCard card, ICheckpointFile file)
    {
        foreach (var (key, value) in DiffusersSettings.Transformer(card))
            if (!WithoutMeaning.Contains(key) && file.Metadata.TryGetValue($"config.{key}", out var given) && !Same(given, value))
                throw new DitException($"'{file.Path}' is not a checkpoint of {card.Name}: its config.json has {key} {Printable.Of(given)}, and {card.Name} has {Text(value)}.");
        if (file.Metadata.TryGetValue("config.sample_size", out var size) && size != Text(card.Input.Height))
            throw new DitException($"'{file.Path}' is not a checkpoint of {card.Name}: its config.json has sample_size {Printable.Of(size)}, and the input of {card.Name} is {card.Input}. "
                + "Its weights may be used at this size, at whatever quality: name its file of weights rather than the folder.");
    }

    private static bool Same(string given, JsonNode? value) => given == Text(value)
        || (value is JsonValue number && number.TryGetValue<double>(out var wanted)
            && double.TryParse(given, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var parsed) && parsed == wanted);

    private static string Text(JsonNode? value) => value?.ToString() ?? "null";

    private static void Write(string path, JsonObject settings) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        settings.WriteTo(json);
    });
}
