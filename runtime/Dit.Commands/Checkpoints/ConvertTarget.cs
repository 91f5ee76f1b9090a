using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>
/// What a checkpoint is converted to. What cannot be written is found when it is made, before anything is read.
/// </summary>
/// <param name="path">The file or folder.</param>
internal abstract class ConvertTarget(string path)
{
    private const string SafeTensorsEnding = ".safetensors";

    private static readonly string[] TorchEndings = [".pt", ".pth"];

    private static readonly Dictionary<string, Func<string, ConvertTarget>> Forms = new()
    {
        ["official"] = OfficialFor,
        ["diffusers"] = static path => new Diffusers(path),
        ["dit"] = static path => IsSafeTensors(path)
            ? new SafeTensorsTarget(path, withCard: true)
            : throw new DitException($"A checkpoint of dit is a {SafeTensorsEnding} file, not '{path}'."),
    };

    /// <summary>The words for forms.</summary>
    public static IReadOnlyCollection<string> Words => Forms.Keys;

    /// <summary>The file or folder.</summary>
    public string Path { get; } = path;

    /// <summary>The target of a form.</summary>
    /// <param name="form">One of <see cref="Words"/>.</param>
    /// <param name="path">The file or folder to write.</param>
    /// <exception cref="DitException">The ending is of something else, or it cannot be written.</exception>
    public static ConvertTarget For(string form, string path)
    {
        var target = Forms[form](path);
        target.RequireWritable();
        return target;
    }

    /// <summary>Writes a checkpoint, whole or not at all.</summary>
    /// <param name="own">The tensors under the model's own names.</param>
    /// <param name="dtype">Type to convert real numbers to; null for none.</param>
    /// <param name="watched">What the tensors that are written are to be looked through.</param>
    public abstract void Write<TModel>(ICheckpointFile own, ScalarType? dtype, Func<ICheckpointFile, ICheckpointFile> watched)
        where TModel : nn.Module, IModel<TModel>;

    /// <summary>What its names leave out of a model, a sentence each.</summary>
    public virtual IEnumerable<string> Losses<TModel>()
        where TModel : nn.Module, IModel<TModel> => [];

    /// <summary>Finds out whether it can be written.</summary>
    protected virtual void RequireWritable() => AtomicFile.RequireWritable(Path);

    private static ConvertTarget OfficialFor(string path) =>
        IsSafeTensors(path) ? new SafeTensorsTarget(path, withCard: false)
        : TorchEndings.Contains(Ending(path)) ? new Torch(path)
        : throw new DitException($"A checkpoint under the official names is a .pt or a {SafeTensorsEnding} file, not '{path}'.");

    private static bool IsSafeTensors(string path) => Ending(path) == SafeTensorsEnding;

    private static string Ending(string path) => System.IO.Path.GetExtension(path).ToLowerInvariant();

    private sealed class SafeTensorsTarget(string path, bool withCard) : ConvertTarget(path)
    {
        public override void Write<TModel>(ICheckpointFile own, ScalarType? dtype, Func<ICheckpointFile, ICheckpointFile> watched) =>
            SafeTensors.Save(Path, watched(own), Metadata(own, TModel.Card), dtype);

        private Dictionary<string, string> Metadata(ICheckpointFile own, ModelCard card)
        {
            Dictionary<string, string> metadata = new(own.Metadata.Where(said => IsKept(said.Key)))
            {
                [SafeTensors.FormatKey] = SafeTensors.Format,
            };
            foreach (var (key, value) in withCard ? card.ToMetadata() : new Dictionary<string, string>()) metadata[key] = value;
            if (CheckpointSpec.Of(card, own) is { } spec) metadata[ModelCard.SpecKey] = spec;
            else metadata.Remove(ModelCard.SpecKey);
            return metadata;
        }

        // What the model is called and how it was trained, or no more than what its classes are called.
        private bool IsKept(string key) =>
            key is ClassNameMetadata.MapKey or TrainingFolder.ClassesKey || (withCard && key.StartsWith("dit.", StringComparison.Ordinal));
    }

    private sealed class Torch(string path) : ConvertTarget(path)
    {
        public override void Write<TModel>(ICheckpointFile own, ScalarType? dtype, Func<ICheckpointFile, ICheckpointFile> watched) =>
            TorchArchive.Save(Path, watched(own), dtype, CheckpointSpec.AsExtraFile(CheckpointSpec.Of(TModel.Card, own)));
    }

    private sealed class Diffusers(string path) : ConvertTarget(path)
    {
        public override void Write<TModel>(ICheckpointFile own, ScalarType? dtype, Func<ICheckpointFile, ICheckpointFile> watched) =>
            DiffusersFolder.Save<TModel>(Path, watched(DitNames.Diffusers<TModel>().Write(own)), dtype);

        public override IEnumerable<string> Losses<TModel>() => DitNames.Diffusers<TModel>().Losses;

        protected override void RequireWritable()
        {
            if (IsSafeTensors(Path) || TorchEndings.Contains(Ending(Path)))
                throw new DitException($"A checkpoint of diffusers is a folder, and '{Path}' is called like a file: name a folder.");
            AtomicFolder.RequireWritable(Path);
        }
    }
}
