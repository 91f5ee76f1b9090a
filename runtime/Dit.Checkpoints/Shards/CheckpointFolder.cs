namespace Dit.Checkpoints;

/// <summary>Which part of a pipeline's folder to open. An ordinary file has no parts and is opened as it is.</summary>
public enum CheckpointComponent
{
    /// <summary>The diffusion transformer, in <c>transformer/</c> or <c>unet/</c>.</summary>
    Denoiser,

    /// <summary>The autoencoder, in <c>vae/</c>.</summary>
    Autoencoder,
}

/// <summary>Opens checkpoints that are folders, as diffusers' <c>save_pretrained</c> lays them out.</summary>
/// <remarks>
/// A pipeline has <c>model_index.json</c> and a folder for each component; a component has <c>config.json</c> and its
/// weights, whole or in shards. The settings become metadata: <c>config.*</c> of the component, <c>scheduler.*</c>, and
/// <c>id2label</c>, the class names, as JSON.
/// </remarks>
internal static class CheckpointFolder
{
    private const string PipelineFile = "model_index.json";
    private const string ConfigFile = "config.json";
    private const string LabelsKey = "id2label";
    private const string What = "a file of settings";
    private const int Shown = 10;

    // The first that is there is taken: what needs no pickle before what does, full precision before half.
    private static readonly string[] WeightFiles =
    [
        "diffusion_pytorch_model.safetensors",
        "diffusion_pytorch_model.safetensors.index.json",
        "diffusion_pytorch_model.fp16.safetensors",
        "diffusion_pytorch_model.fp16.safetensors.index.json",
        "diffusion_pytorch_model.safetensors.index.fp16.json",
        "diffusion_pytorch_model.bin",
        "diffusion_pytorch_model.bin.index.json",
        "diffusion_pytorch_model.fp16.bin",
        "diffusion_pytorch_model.fp16.bin.index.json",
        "diffusion_pytorch_model.bin.index.fp16.json",
    ];

    // Other libraries name the files otherwise; an index tells what it is.
    private static readonly string[] IndexEndings = [".safetensors.index.json", ".bin.index.json"];

    /// <exception cref="DitException">
    /// The folder is neither a pipeline nor a component, lacks the component asked for, or a file in it is damaged.
    /// </exception>
    public static ICheckpointFile Open(string path, CheckpointComponent component)
    {
        var names = Names(path);
        var inner = NamesOf(component).FirstOrDefault(names.Contains) ?? NamesOf(component)[0];
        var isPipeline = names.Contains(PipelineFile) || Enum.GetValues<CheckpointComponent>().SelectMany(NamesOf).Any(names.Contains);
        var folder = isPipeline ? Path.Combine(path, inner) : path;
        if (isPipeline && !names.Contains(inner))
            throw new DitException($"'{path}' has no folder {inner}/, where the {Described(component)} of a pipeline lies; it holds "
                + $"{Listed(names)}.");
        var inside = isPipeline ? Names(folder) : names;
        if (Weights(folder, inside) is not { } weights)
            throw new DitException($"'{folder}' is a folder without a checkpoint: looked for {WeightFiles[0]} (also .index.json, .fp16 "
                + "and .bin)"
                + $"{(isPipeline ? "" : $", {PipelineFile} and {inner}/")}; it holds {Listed(inside)}.");
        return WithSettings(CheckpointFile.Open(Path.Combine(folder, weights)), isPipeline ? path : null, folder);
    }

    private static ICheckpointFile WithSettings(ICheckpointFile file, string? pipeline, string folder)
    {
        try
        {
            var settings = Settings(Path.Combine(folder, ConfigFile), "config.");
            if (pipeline is not null)
                settings = [.. settings, .. Settings(Path.Combine(pipeline, "scheduler", "scheduler_config.json"), "scheduler."),
                    .. Labels(Path.Combine(pipeline, PipelineFile))];
            return file.With(settings);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static KeyValuePair<string, string>[] Settings(string path, string prefix) => !File.Exists(path)
        ? []
        : [.. JsonFile.Read(path, What, root => JsonSettings.Flatten(path, root))
            .Select(setting => KeyValuePair.Create(prefix + setting.Key, setting.Value))];

    private static KeyValuePair<string, string>[] Labels(string path) => !File.Exists(path)
        ? []
        : JsonFile.Read<KeyValuePair<string, string>[]>(path, What, static root =>
            root.TryGetProperty(LabelsKey, out var labels) ? [KeyValuePair.Create(LabelsKey, labels.GetRawText())] : []);

    private static string? Weights(string folder, IReadOnlyCollection<string> names)
    {
        if (WeightFiles.FirstOrDefault(names.Contains) is { } known)
            return known;
        foreach (var ending in IndexEndings)
        {
            string[] found = [.. names.Where(name => name.EndsWith(ending, StringComparison.Ordinal))];
            if (found.Length > 1)
                throw new DitException($"'{folder}' holds several checkpoints, {Listed(found)}; name one of the files.");
            if (found is [var only])
                return only;
        }
        return null;
    }

    private static SortedSet<string> Names(string path)
    {
        try
        {
            return new(Directory.EnumerateFileSystemEntries(path).Select(static entry => Path.GetFileName(entry)), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"Cannot read the folder '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static string Listed(IEnumerable<string> names) => Printable.Some(names, Shown);

    // Some pipelines call a transformer unet, such as UniDiffuser's.
    private static string[] NamesOf(CheckpointComponent component) =>
        component == CheckpointComponent.Autoencoder ? ["vae"] : ["transformer", "unet"];

    private static string Described(CheckpointComponent component) =>
        component == CheckpointComponent.Autoencoder ? "autoencoder" : "denoiser";
}
