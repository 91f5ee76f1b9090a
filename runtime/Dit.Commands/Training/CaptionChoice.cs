using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>--captions</c>: the embedded texts of the images, for models that are conditioned on text.</summary>
internal static class CaptionChoice
{
    private static readonly string[] TextEndings = [".txt", ".json", ".jsonl", ".csv", ".tsv", ".parquet"];

    /// <summary>What it does.</summary>
    public const string Help =
        "For models of text: a .safetensors file with the tensor text, (N, tokens, width), the embedded texts of the images, and the "
            + "metadata files, the path of each row's image in --data.";

    /// <summary>Makes sure, before any image is read, that captions are given where a model needs them.</summary>
    /// <param name="card">The model.</param>
    /// <param name="labels">What its images must come with.</param>
    /// <param name="captions">The value of the option.</param>
    /// <param name="data">The folder of the data.</param>
    /// <exception cref="DitException">They are missing, not wanted, or not embedded.</exception>
    public static void Require(ModelCard card, ImageLabels labels, string? captions, string data)
    {
        if (labels != ImageLabels.Texts)
        {
            if (captions is not null) throw new DitException($"{card.Name} is not conditioned on text: leave --captions out.");
            return;
        }
        if (captions is null)
            throw new DitException(
                $"{card.Name} is conditioned on text: give the embedded texts of the images with --captions FILE, "
                    + $"{CaptionFile.Description(card)}.{(FirstText(data) is { } text ? NoEncoder(text) : "")}");
        if (Directory.Exists(captions) || TextEndings.Contains(Path.GetExtension(captions).ToLowerInvariant()))
            throw new DitException($"--captions takes {CaptionFile.Description(card)}.{NoEncoder(captions)}");
    }

    private static string NoEncoder(string path) =>
        $" Texts such as '{path}' are not read, since this version has no text encoder: docs/training.md has a script that embeds them.";

    private static string? FirstText(string data) => !Directory.Exists(data) || LatentFolder.IsAt(data) ? null : Directory
        .EnumerateFiles(data, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
        .Where(static path => Path.GetExtension(path) == ".txt" || Path.GetFileNameWithoutExtension(path) == "captions")
        .Order(StringComparer.Ordinal)
        .FirstOrDefault();
}
