using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What a file of adapters says of them beside the tensors, as peft and diffusers write it.</summary>
internal static class LoraConfig
{
    /// <summary>
    /// The metadata key of diffusers: peft's configuration as JSON, its keys after the prefix of the names.
    /// </summary>
    public const string Key = "lora_adapter_metadata";

    /// <summary>The metadata key of the hash of the weights that the adapters were trained for.</summary>
    public const string BaseKey = "dit.lora.base";

    private const string FileName = "adapter_config.json"; // beside a file of peft
    private const string What = "a configuration of LoRA";
    private const string AlphaName = "lora_alpha";
    private const string AlphaTensor = ".alpha"; // a scalar for each layer

    // What would change the numbers.
    private static readonly string[] NotRead = ["use_dora", "use_rslora", "alpha_pattern", "rank_pattern"];

    /// <summary>The metadata of a file of adapters.</summary>
    /// <param name="card">The model.</param>
    /// <param name="rank">R.</param>
    /// <param name="alpha">alpha.</param>
    /// <param name="layers">The names of the layers.</param>
    /// <param name="weights">The hash of the weights that they were trained for.</param>
    public static Dictionary<string, string> Metadata(
        ModelCard card, int rank, double alpha, IEnumerable<string> layers, string weights) => new(card.ToMetadata())
        {
            [SafeTensors.FormatKey] = SafeTensors.Format,
            [Key] = Json(rank, alpha, layers),
            [BaseKey] = weights,
        };

    /// <summary>The alpha of a file of adapters; the rank where nothing says it, as in diffusers.</summary>
    /// <param name="file">The file.</param>
    /// <param name="layers">The names of the layers, with what precedes them in the file.</param>
    /// <param name="rank">R.</param>
    /// <exception cref="DitException">The configuration cannot be read, or says what is not known here.</exception>
    public static double Alpha(ICheckpointFile file, IReadOnlyList<string> layers, int rank)
    {
        if (file.Metadata.TryGetValue(Key, out var text)) return Parsed(file.Path, text) ?? rank;
        if (Beside(file.Path) is { } path) return JsonFile.Read(path, What, root => Alpha(path, root)) ?? rank;
        double[] alphas = [.. layers.Select(layer => layer + AlphaTensor).Where(file.Tensors.ContainsKey).Select(Number).Distinct()];
        return alphas switch
        {
            [] => rank,
            [var alpha] => alpha,
            _ => throw new DitException($"'{file.Path}' has an alpha of its own for each layer; they must be equal."),
        };

        double Number(string name)
        {
            using var alpha = file.Read(name, dtype: ScalarType.Float64);
            return alpha.numel() == 1 ? alpha.item<double>() : throw JsonFile.Bad(file.Path, What, $"'{name}' is no scalar");
        }
    }

    private static string? Beside(string path)
    {
        var beside = Path.Combine(Path.GetDirectoryName(path) ?? "", FileName);
        return File.Exists(beside) ? beside : null;
    }

    private static double? Parsed(string path, string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? Alpha(path, json.RootElement)
                : throw JsonFile.Bad(path, What, $"{Key} is not a JSON object");
        }
        catch (JsonException e)
        {
            throw JsonFile.Bad(path, What, $"{Key} is not JSON", e);
        }
    }

    private static double? Alpha(string path, JsonElement config)
    {
        double? alpha = null;
        foreach (var property in config.EnumerateObject())
        {
            var name = property.Name[(property.Name.LastIndexOf('.') + 1)..];
            if (NotRead.Contains(name) && IsSet(property.Value))
                throw new DitException($"The adapters in '{path}' have {name}, which is not known here: plain LoRA of one rank is.");
            if (name != AlphaName) continue;
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetDouble(out var number) || number is not > 0)
                throw JsonFile.Bad(path, What, $"{AlphaName} is not a number above 0");
            alpha = number;
        }
        return alpha;
    }

    private static bool IsSet(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False or JsonValueKind.Null => false,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    private static string Json(int rank, double alpha, IEnumerable<string> layers)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber($"{LoraFile.Prefix}r", rank);
            json.WriteNumber($"{LoraFile.Prefix}{AlphaName}", alpha);
            json.WriteStartArray($"{LoraFile.Prefix}target_modules");
            foreach (var layer in layers) json.WriteStringValue(layer);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
