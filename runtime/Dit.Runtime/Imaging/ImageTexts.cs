using System.Text;
using System.Text.Json;

namespace Dit.Runtime;

/// <summary>Texts that a picture file carries beside its pixels: a keyword and a text each.</summary>
/// <remarks>
/// In a PNG file each is a chunk of its own: tEXt, or iTXt for letters outside Latin-1. JPEG and GIF files have
/// comments instead, and these hold all of them as a JSON object. A keyword has 1 to 79 printable letters of Latin-1,
/// without spaces at its ends (W3C PNG specification, section 11.3.3); a text holds no null character.
/// </remarks>
public static class ImageTexts
{
    private const int LongestKey = 79;

    /// <summary>The keyword of a comment that is no JSON object, as other programs write it.</summary>
    public const string CommentKey = "Comment";

    /// <summary>Reads the texts of a PNG, JPEG or GIF file; the pixels are not decoded.</summary>
    /// <param name="path">The file; its content says what it is.</param>
    /// <returns>
    /// The texts by keyword, in the order of the file; empty for a file without any, and for WebP and BMP. Compressed
    /// texts (zTXt) are left out. Of two texts of one keyword the first counts.
    /// </returns>
    /// <exception cref="DitException">
    /// The file is missing, unreadable, empty, cut off, too large, or no picture, or a text of it is damaged.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        var (bytes, problem) = ImageFile.Bytes(path);
        (var texts, problem) = bytes is null ? (null, problem) : Of(bytes);
        return texts ?? throw new DitException($"{path} {problem}.");
    }

    /// <summary>The texts that are to be written, none of which a file cannot hold.</summary>
    /// <exception cref="DitException">There is such a keyword or text.</exception>
    internal static IReadOnlyList<KeyValuePair<string, string>> Checked(IReadOnlyDictionary<string, string>? texts)
    {
        foreach (var (key, text) in texts ?? new Dictionary<string, string>())
        {
            if (
                key.Length is 0 or > LongestKey
                || key.Trim(' ') != key
                || key.Any(static c => c is < ' ' or (> '~' and < '\u00a1') or > '\u00ff'))
                throw new DitException(
                    $"A text in a picture has a keyword of 1 to {LongestKey} printable letters of Latin-1, without spaces at its ends: "
                        + $"'{key}' is none.");
            if (text.Contains('\0', StringComparison.Ordinal))
                throw new DitException($"The text {key} of a picture holds a null character, which picture files cannot hold.");
        }
        return texts is null ? [] : [.. texts];
    }

    /// <summary>Texts as one comment, a JSON object.</summary>
    internal static byte[] ToComment(IReadOnlyList<KeyValuePair<string, string>> texts)
    {
        using var comment = new MemoryStream();
        using (var json = new Utf8JsonWriter(comment))
        {
            json.WriteStartObject();
            foreach (var (key, text) in texts) json.WriteString(key, text);
            json.WriteEndObject();
        }
        return comment.ToArray();
    }

    private static (IReadOnlyDictionary<string, string>? Texts, string Problem) Of(byte[] file)
    {
        if (file.AsSpan().StartsWith("GIF8"u8))
            return GifComment.Before(file) is { } said ? (OfComment(said), "") : (null, ImageContainer.EndsEarly);
        var (container, problem) = ImageContainer.Read(file);
        return container?.Format switch
        {
            null => (null, problem),
            "PNG" => PngContainer.TextsOf(file),
            "JPEG" => (OfComment(JpegContainer.CommentOf(file)), ""),
            _ => (OfComment([]), ""),
        };
    }

    private static OrderedDictionary<string, string> OfComment(byte[] comment)
    {
        var texts = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        if (comment.Length == 0) return texts;
        try
        {
            using var json = JsonDocument.Parse(comment);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                foreach (var property in json.RootElement.EnumerateObject())
                    if (property.Value.ValueKind == JsonValueKind.String) texts.TryAdd(property.Name, property.Value.GetString() ?? "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter for letters that are no Unicode
        {
            texts.Clear();
        }
        if (texts.Count == 0) texts.Add(CommentKey, Encoding.UTF8.GetString(comment));
        return texts;
    }
}
