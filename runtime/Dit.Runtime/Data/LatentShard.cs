using System.Globalization;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>One file of a folder of latents: the moments of neighbouring images, and their labels.</summary>
internal static class LatentShard
{
    public const string Moments = "moments", MirroredMoments = "moments_mirrored", Labels = "labels";

    private const string DescriptionKey = "dit.latents", ShardKey = "dit.shard";

    /// <summary>Writes a shard, whole or not at all.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="description">Of the whole folder.</param>
    /// <param name="shard">Its number.</param>
    /// <param name="moments">(n, 2 C, Y, X).</param>
    /// <param name="mirrored">(n, 2 C, Y, X), where the description says so.</param>
    /// <param name="labels">n labels; none where there are no classes.</param>
    public static void Write(string folder, LatentDescription description, int shard, Tensor moments, Tensor? mirrored, long[] labels)
    {
        using var scope = NewDisposeScope();
        List<(string, Tensor)> tensors = [(Moments, moments)];
        if (mirrored is not null) tensors.Add((MirroredMoments, mirrored));
        if (description.Classes is not null) tensors.Add((Labels, tensor(labels)));
        SafeTensors.Save(Path.Combine(folder, description.ShardName(shard)), tensors, new Dictionary<string, string>
        {
            [DescriptionKey] = description.ToJson(),
            [ShardKey] = shard.ToString(CultureInfo.InvariantCulture),
        });
    }

    /// <summary>Opens a shard and holds its header against the description.</summary>
    /// <exception cref="DitException">It is missing, damaged, or of another run of encoding.</exception>
    public static SafeTensorsFile Open(string folder, LatentDescription description, int shard)
    {
        var path = Path.Combine(folder, description.ShardName(shard));
        if (!File.Exists(path)) throw new DitException($"The latent folder {folder} lacks its shard {description.ShardName(shard)}: copy it again, or encode the images again.");
        var file = SafeTensorsFile.Open(path);
        try
        {
            Check(file, description, shard);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void Check(SafeTensorsFile file, LatentDescription description, int shard)
    {
        if (!file.Metadata.TryGetValue(DescriptionKey, out var json))
            throw new DitException($"'{file.Path}' is no shard of latents: it has no metadata {DescriptionKey}.");
        if (LatentDescription.Parse(json, file.Path).DifferenceTo(description) is { } difference)
            throw new DitException($"'{file.Path}' was encoded in another way than is wanted here, with {difference}: encode into another folder, or remove this one.");
        if (file.Metadata.GetValueOrDefault(ShardKey) != shard.ToString(CultureInfo.InvariantCulture))
            throw new DitException($"'{file.Path}' is shard {Printable.Of(file.Metadata.GetValueOrDefault(ShardKey) ?? "of no number")} under the name of another: encode the images again.");

        var (_, count) = description.ImagesOf(shard);
        var (c, y, x) = description.Shape;
        var moments = new TensorInfo(description.DType, [count, 2 * c, y, x]);
        Require(file, Moments, moments);
        if (description.Mirrored) Require(file, MirroredMoments, moments);
        if (description.Classes is not null) Require(file, Labels, new TensorInfo(ScalarType.Int64, [count]));
    }

    private static void Require(SafeTensorsFile file, string name, TensorInfo wanted)
    {
        var found = file.Tensors.GetValueOrDefault(name);
        if (found?.DType != wanted.DType || !found.Shape.AsSpan().SequenceEqual(wanted.Shape))
            throw new DitException($"The tensor {name} of '{file.Path}' should be {wanted}, and is {found?.ToString() ?? "missing"}: encode the images again.");
    }
}
