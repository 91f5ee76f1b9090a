using System.Text.Json;
using System.Text.Unicode;

namespace Dit.Checkpoints;

/// <summary>Reads the small JSON files that lie beside weights: an index of shards, the settings of a model.</summary>
internal static class JsonFile
{
    private const int MaxBytes = 32 << 20;
    private const int MaxDepth = 16;

    /// <summary>What <paramref name="read"/> makes of the object in a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, for messages: <c>an index of shards</c>.</param>
    /// <param name="read">Takes the root, which is an object without duplicate names.</param>
    /// <exception cref="DitException">
    /// There is no such file, it is too large, or it is not JSON of an object.
    /// </exception>
    public static T Read<T>(string path, string what, Func<JsonElement, T> read)
    {
        var bytes = Bytes(path, what);
        try
        {
            using var document = JsonDocument.Parse(bytes,
                new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(document.RootElement)
                : throw Bad(path, what, "it is not a JSON object");
        }
        catch (JsonException e)
        {
            throw Bad(path, what, $"it is not JSON ({OneLine(e.Message)})", e);
        }
        catch (InvalidOperationException e)
        {
            // What System.Text.Json throws for an escape that is no character, such as half of a surrogate pair.
            throw Bad(path, what, $"it holds a string that is not text ({OneLine(e.Message)})", e);
        }
    }

    /// <summary>The complaint about a file, as one sentence.</summary>
    public static DitException Bad(string path, string what, string why, Exception? inner = null)
    {
        var message = $"'{path}' is not {what}: {why}.";
        return inner is null ? new DitException(message) : new DitException(message, inner);
    }

    private static byte[] Bytes(string path, string what)
    {
        using var file = SourceFile.Open(path);
        if (file.Length > MaxBytes)
            throw Bad(path, what, $"it takes {file.Length} bytes, more than any needs");
        var bytes = file.Read(0, (int)file.Length);
        return Utf8.IsValid(bytes) ? bytes : throw Bad(path, what, "it is not UTF-8");
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").TrimEnd('.');
}
