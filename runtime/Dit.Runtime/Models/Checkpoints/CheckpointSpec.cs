using System.Text;

namespace Dit.Runtime;

/// <summary>
/// The spec that a checkpoint carries: the YAML text of its model, in the metadata <see cref="ModelCard.SpecKey"/>.
/// </summary>
/// <remarks>
/// Safetensors files have it among their metadata, and so have the weights in a folder of diffusers. A <c>.pt</c> file
/// has it as an entry <c>extra/dit.spec.yaml</c> of its archive, which PyTorch passes over. The text of a file from
/// elsewhere may say anything: it is to be checked as every spec is.
/// </remarks>
public static class CheckpointSpec
{
    /// <summary>No spec has more bytes; what is longer is not taken for one, and is not carried on.</summary>
    public const int MaxBytes = 400_000;

    /// <summary>
    /// The text of the spec; null for a file that carries none, or something that is too long for one.
    /// </summary>
    /// <param name="file">A checkpoint of any format.</param>
    public static string? Of(ICheckpointFile file) =>
        file.Metadata.TryGetValue(ModelCard.SpecKey, out var text) && IsShort(text) ? text : null;

    /// <summary>
    /// What a checkpoint of a model is to carry: the model's own spec, or, where its card was made by hand and has
    /// none, that of the file it is made of.
    /// </summary>
    /// <param name="card">The model.</param>
    /// <param name="source">The file that its tensors are taken from.</param>
    public static string? Of(ModelCard card, ICheckpointFile source) => card.Spec ?? Of(source);

    /// <summary>A spec as an extra file of <see cref="TorchArchive"/>; none where there is no spec.</summary>
    /// <param name="spec">The text of the spec, or null.</param>
    public static IReadOnlyDictionary<string, string> AsExtraFile(string? spec) =>
        spec is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [ModelCard.SpecKey] = spec };

    private static bool IsShort(string text) => text.Length <= MaxBytes && Encoding.UTF8.GetByteCount(text) <= MaxBytes;
}
