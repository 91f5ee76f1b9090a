using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// What a folder of latents holds and how it was made: the content of its index, and the metadata of each of its
/// shards.
/// </summary>
/// <remarks>Two runs of encoding with equal descriptions write the same shards.</remarks>
/// <param name="Version">Of the format; <see cref="CurrentVersion"/>.</param>
/// <param name="Autoencoder">Whose moments they are, scale and shift included.</param>
/// <param name="Encoder">
/// Hash of the encoder's weights: decoders may differ, as those of sd-vae-ft-ema and sd-vae-ft-mse do.
/// </param>
/// <param name="Height">Of the images, Y in pixels.</param>
/// <param name="Width">Of the images, X in pixels.</param>
/// <param name="Images">How many there are.</param>
/// <param name="Classes">
/// The names of the classes: label i is <c>Classes[i]</c>. Null where the images have no labels.
/// </param>
/// <param name="Mirrored">Whether the moments of each mirrored image are there too.</param>
/// <param name="Type">Of the moments: <c>f32</c> or <c>f16</c>.</param>
/// <param name="Tile">
/// Side of the tiles that larger images were encoded in, in latent pixels; 0 for whole images.
/// </param>
/// <param name="ImagesPerShard">Images of each shard but the last.</param>
/// <param name="Source">Hash of the images' names and lengths in bytes.</param>
public sealed record LatentDescription(
    int Version,
    AutoencoderCard Autoencoder,
    string Encoder,
    int Height,
    int Width,
    int Images,
    IReadOnlyList<string>? Classes,
    bool Mirrored,
    string Type,
    int Tile,
    int ImagesPerShard,
    string Source)
{
    /// <summary>The format that this library writes and reads.</summary>
    public const int CurrentVersion = 1;

    // Far beyond every autoencoder; a damaged number must not overflow a shape.
    private const int MostLevels = 16, MostChannels = 1 << 12, MostPixels = 1 << 20;

    private static readonly (string Word, ScalarType Type)[] Types = [("f32", ScalarType.Float32), ("f16", ScalarType.Float16)];

    private static readonly LatentJson Indented = new(new JsonSerializerOptions(LatentJson.Default.Options) { WriteIndented = true });

    /// <summary>The shape of one latent, (C, Y, X).</summary>
    [JsonIgnore]
    public ImageShape Shape => Autoencoder.LatentShape(Height, Width);

    /// <summary>Number of shards.</summary>
    [JsonIgnore]
    public int Shards => (int)(((long)Images + ImagesPerShard - 1) / ImagesPerShard);

    /// <summary>Bytes of all moments.</summary>
    [JsonIgnore]
    public long Bytes => Images * BytesOf(Shape, Mirrored, DType);

    /// <summary>The type of the moments in the shards.</summary>
    internal ScalarType DType => TypeOf(Type) ?? throw new InvalidOperationException($"A description of type '{Type}' was not checked.");

    /// <summary>The word of a type, for <see cref="Type"/>; null for one that moments are not kept in.</summary>
    internal static string? WordOf(ScalarType type) => Types.FirstOrDefault(pair => pair.Type == type).Word;

    /// <summary>Bytes of the moments of one image.</summary>
    internal static long BytesOf(ImageShape latent, bool mirrored, ScalarType type) =>
        2L * latent.Channels * latent.Height * latent.Width * (mirrored ? 2 : 1) * TensorTypes.Size(type);

    /// <summary>The file name of a shard: <c>latents-00000-of-00012.safetensors</c>.</summary>
    internal string ShardName(int shard) => string.Create(CultureInfo.InvariantCulture, $"latents-{shard:D5}-of-{Shards:D5}.safetensors");

    /// <summary>The images of a shard: the number of the first, and how many there are.</summary>
    internal (int First, int Count) ImagesOf(int shard)
    {
        var first = shard * ImagesPerShard;
        return (first, Math.Min(ImagesPerShard, Images - first));
    }

    /// <summary>On one line; equal descriptions have equal texts.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, LatentJson.Default.LatentDescription);

    /// <summary>For people.</summary>
    internal string ToIndex() => JsonSerializer.Serialize(this, Indented.LatentDescription) + "\n";

    /// <summary>Reads a description and checks every value of it.</summary>
    /// <param name="json">What <see cref="ToJson"/> or <see cref="ToIndex"/> gave.</param>
    /// <param name="path">The file that it is from.</param>
    /// <exception cref="DitException">It is no description, or one of another version.</exception>
    internal static LatentDescription Parse(string json, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("version", out var version))
                throw Bad(path, "it names no version");
            if (version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number) || number != CurrentVersion)
                throw new DitException(
                    $"'{path}' is of version {Printable.Of(version.GetRawText())} of the format of latent folders, and this program reads "
                        + $"version {CurrentVersion}: encode the images again.");
            var description = JsonSerializer.Deserialize(json, LatentJson.Default.LatentDescription) ?? throw Bad(path, "it is empty");
            return description.Flaw() is { } flaw ? throw Bad(path, flaw) : description;
        }
        catch (JsonException e)
        {
            throw Bad(path, e.Message.ReplaceLineEndings(" ").TrimEnd('.'), e);
        }
    }

    /// <summary>What differs first between this description and another, in words; null when they are equal.</summary>
    internal string? DifferenceTo(LatentDescription other) => Settings().Zip(other.Settings())
        .Where(static pair => pair.First.Value != pair.Second.Value)
        .Select(static pair => $"{pair.First.Name} {Printable.Of(pair.First.Value)} instead of {Printable.Of(pair.Second.Value)}")
        .FirstOrDefault();

    private IEnumerable<(string Name, string Value)> Settings() =>
    [
        ("the autoencoder", Described(Autoencoder)),
        ("encoder weights", Encoder),
        ("images of", $"{Height} x {Width} pixels"),
        ("the number of images", Images.ToString(CultureInfo.InvariantCulture)),
        ("classes", Classes is null ? "none" : string.Join(", ", Classes)),
        ("mirrored images", Mirrored ? "included" : "left out"),
        ("the type", Type),
        ("tiles of", Tile.ToString(CultureInfo.InvariantCulture)),
        ("images of a shard", ImagesPerShard.ToString(CultureInfo.InvariantCulture)),
        ("names and lengths of the images", Source),
    ];

    /// <summary>An autoencoder with what tells it from others of its name.</summary>
    internal static string Described(AutoencoderCard card) => string.Create(CultureInfo.InvariantCulture,
        $"{card.Name} (channels {card.Channels} x [{string.Join(", ", card.Multipliers)}], {card.ResidualBlocks} blocks, latents of "
            + $"{card.LatentChannels} channels, scale {card.Scale}, shift "
            + $"{card.Shift}{(card.QuantConvolutions ? "" : ", no quantizing convolutions")}"
            + $"{(card.AttentionLevels is { Count: > 0 } levels ? $", attention in levels {string.Join(", ", levels)}" : "")}"
            + $"{(card.ChannelStatistics ? ", channels normalized" : "")}"
            + $"{(card.Statistics is { } statistics ? $" by {statistics.Digest()}" : "")})");

    private string? Flaw()
    {
        if (Autoencoder.Multipliers.Count is < 1 or > MostLevels || Autoencoder.LatentChannels is < 1 or > MostChannels)
            return "its autoencoder has no levels or no channels";
        if (Autoencoder.AttentionLevels?.Any(level => level < 0 || level >= Autoencoder.Multipliers.Count) == true)
            return "its autoencoder has attention in a level that it lacks";
        if (Autoencoder.ChannelStatistics != Autoencoder.Statistics is not null)
            return "statistics of its autoencoder's channels are missing, or are there without need";
        if (Autoencoder.Statistics?.Flaw(Autoencoder.LatentChannels) is { } wrong) return $"of statistics of its channels, {wrong}";
        if (
            Height is < 1 or > MostPixels
            || Width is < 1 or > MostPixels
            || Height % Autoencoder.Factor != 0
            || Width % Autoencoder.Factor != 0)
            return $"images of {Height} x {Width} pixels are not made of latent pixels of {Autoencoder.Factor} x {Autoencoder.Factor}";
        if (Images < 1 || ImagesPerShard < 1) return $"{Images} images in shards of {ImagesPerShard} are none";
        if (Classes is { Count: 0 } || Classes?.Any(string.IsNullOrEmpty) == true) return "a class has no name";
        return TypeOf(Type) is null ? $"its type is '{Printable.Of(Type)}', and f32 or f16 was expected" : null;
    }

    private static ScalarType? TypeOf(string word)
    {
        foreach (var (known, type) in Types)
            if (known == word) return type;
        return null;
    }

    private static DitException Bad(string path, string why, Exception? inner = null)
    {
        var message = $"'{path}' does not describe latents: {why}.";
        return inner is null ? new DitException(message) : new DitException(message, inner);
    }
}

/// <summary>
/// How descriptions are written as JSON: code made at compile time, since trimmed and native programs have no
/// reflection for it.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    IgnoreReadOnlyProperties = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(LatentDescription))]
[JsonSerializable(typeof(string))]
internal sealed partial class LatentJson : JsonSerializerContext;
