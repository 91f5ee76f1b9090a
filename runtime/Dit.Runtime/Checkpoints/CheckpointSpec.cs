using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Dit.Runtime;

/// <summary>The spec that a checkpoint carries: the YAML text of its model, in the metadata <see cref="ModelCard.SpecKey"/>.</summary>
/// <remarks>
/// Safetensors files have it among their metadata, and so have the weights in a folder of diffusers. A <c>.pt</c> file has it as an entry
/// <c>extra/dit.spec.yaml</c> of its archive, which PyTorch passes over. The text of a file from elsewhere may say anything: it is to be checked as every spec is.
/// </remarks>
public static class CheckpointSpec
{
    /// <summary>No spec has more bytes; what is longer is not taken for one, and is not carried on.</summary>
    public const int MaxBytes = 400_000;

    // Where torch.jit.save puts files that are not its own, and where nothing of torch.save lies.
    internal const string TorchEntry = "extra/" + ModelCard.SpecKey;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of the spec; null for a file that carries none, or something that is too long for one.</summary>
    /// <param name="file">A checkpoint of any format.</param>
    public static string? Of(ICheckpointFile file) => file.Metadata.TryGetValue(ModelCard.SpecKey, out var text) && IsShort(text) ? text : null;

    /// <summary>What a checkpoint of a model is to carry: the model's own spec, or, where its card was made by hand and has none, that of the file it is made of.</summary>
    /// <param name="card">The model.</param>
    /// <param name="source">The file that its tensors are taken from.</param>
    public static string? Of(ModelCard card, ICheckpointFile source) => card.Spec ?? Of(source);

    /// <summary>The bytes of a text that is to be written.</summary>
    /// <exception cref="DitException">There are too many.</exception>
    internal static byte[] Encode(string path, string text) => IsShort(text)
        ? Encoding.UTF8.GetBytes(text)
        : throw new DitException($"Cannot save '{path}': a spec has at most {MaxBytes} bytes, and the given one has {Encoding.UTF8.GetByteCount(text)}.");

    /// <summary>The text of an entry of an archive; false where its bytes are no text.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = Strict.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = null;
            return false;
        }
    }

    private static bool IsShort(string text) => text.Length <= MaxBytes && Encoding.UTF8.GetByteCount(text) <= MaxBytes;
}
