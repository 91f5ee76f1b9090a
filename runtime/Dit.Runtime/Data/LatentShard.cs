using System.Buffers.Binary;
using System.Globalization;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>One file of a folder of latents: the moments of neighboring images, and their labels.</summary>
internal static class LatentShard
{
    public const string Moments = "moments", MirroredMoments = "moments_mirrored", Labels = "labels", Sources = "sources";

    private const string DescriptionKey = "dit.latents", ShardKey = "dit.shard";
    private const int DigestBytes = 16;

    /// <summary>Writes a shard, whole or not at all.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="description">Of the whole folder.</param>
    /// <param name="shard">Its number.</param>
    /// <param name="moments">(n, 2 C, Y, X).</param>
    /// <param name="mirrored">(n, 2 C, Y, X), where the description says so.</param>
    /// <param name="labels">n labels; none where there are no classes.</param>
    /// <param name="sources">
    /// n digests of the files of the images; none where they are not known, as in folders of earlier versions.
    /// </param>
    public static void Write(
        string folder,
        LatentDescription description,
        int shard,
        Tensor moments,
        Tensor? mirrored,
        long[] labels,
        IReadOnlyList<UInt128>? sources = null)
    {
        using var scope = NewDisposeScope();
        var tensors = TensorsOf(moments, mirrored, sources);
        if (description.Classes is not null) tensors.Add((Labels, tensor(labels)));
        Save(Path.Combine(folder, description.ShardName(shard)), tensors, description, shard.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Writes a file of moments that a run had made when it ended, for the next one to go on with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="description">Of the folder.</param>
    /// <param name="moments">(n, 2 C, Y, X).</param>
    /// <param name="mirrored">(n, 2 C, Y, X), where the description says so.</param>
    /// <param name="sources">n digests of the files of the images.</param>
    public static void WriteKept(
        string path,
        LatentDescription description,
        Tensor moments,
        Tensor? mirrored,
        IReadOnlyList<UInt128> sources)
    {
        using var scope = NewDisposeScope();
        Save(path, TensorsOf(moments, mirrored, sources), description, "none");
    }

    /// <summary>Opens a shard or a kept file of whatever run, with the description of that run.</summary>
    /// <exception cref="DitException">It is damaged, or no shard.</exception>
    public static (SafeTensorsFile File, LatentDescription Description) OpenAny(string path)
    {
        var file = SafeTensorsFile.Open(path);
        try
        {
            return (file, DescriptionOf(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The digests of the images' files in the order of the rows; none where the file does not have them.
    /// </summary>
    public static IReadOnlyList<UInt128> SourcesOf(SafeTensorsFile file)
    {
        if (!file.Tensors.TryGetValue(Sources, out var info)) return [];
        if (info.DType != ScalarType.Byte || info.Shape is not [_, DigestBytes])
            throw Wrong(file, Sources, new(ScalarType.Byte, [file.Tensors.GetValueOrDefault(Moments)?.Shape[0] ?? 0, DigestBytes]), info);
        using var read = file.Read(Sources);
        return [.. read.bytes.ToArray().Chunk(DigestBytes).Select(static bytes => BinaryPrimitives.ReadUInt128LittleEndian(bytes))];
    }

    private static List<(string, Tensor)> TensorsOf(Tensor moments, Tensor? mirrored, IReadOnlyList<UInt128>? sources)
    {
        List<(string, Tensor)> tensors = [(Moments, moments)];
        if (mirrored is not null) tensors.Add((MirroredMoments, mirrored));
        if (sources is not null) tensors.Add((Sources, tensor(sources.SelectMany(Bytes).ToArray(), [sources.Count, DigestBytes])));
        return tensors;
    }

    private static byte[] Bytes(UInt128 digest)
    {
        var bytes = new byte[DigestBytes];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, digest);
        return bytes;
    }

    private static void Save(string path, List<(string, Tensor)> tensors, LatentDescription description, string shard) =>
        SafeTensors.Save(path, tensors, new Dictionary<string, string> { [DescriptionKey] = description.ToJson(), [ShardKey] = shard });

    /// <summary>Opens a shard and holds its header against the description.</summary>
    /// <exception cref="DitException">It is missing, damaged, or of another run of encoding.</exception>
    public static SafeTensorsFile Open(string folder, LatentDescription description, int shard)
    {
        var path = Path.Combine(folder, description.ShardName(shard));
        if (!File.Exists(path))
            throw new DitException(
                $"The latent folder {folder} lacks its shard {description.ShardName(shard)}: copy it again, or encode the images again.");
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
        if (DescriptionOf(file).DifferenceTo(description) is { } difference)
            throw new DitException(
                $"'{file.Path}' was encoded in another way than is wanted here, with {difference}: encode into another folder, or remove "
                    + $"this one.");
        if (file.Metadata.GetValueOrDefault(ShardKey) != shard.ToString(CultureInfo.InvariantCulture))
            throw new DitException(
                $"'{file.Path}' is shard {Printable.Of(file.Metadata.GetValueOrDefault(ShardKey) ?? "of no number")} under the name of "
                    + $"another: encode the images again.");

        var (_, count) = description.ImagesOf(shard);
        RequireMoments(file, description, count);
        if (description.Classes is not null) Require(file, Labels, new TensorInfo(ScalarType.Int64, [count]));
        if (file.Tensors.ContainsKey(Sources)) Require(file, Sources, new TensorInfo(ScalarType.Byte, [count, DigestBytes]));
    }

    /// <summary>Holds the moments of a file against the description.</summary>
    /// <exception cref="DitException">They are missing, or of another shape or type.</exception>
    public static void RequireMoments(SafeTensorsFile file, LatentDescription description, int count)
    {
        var (c, y, x) = description.Shape;
        var moments = new TensorInfo(description.DType, [count, 2 * c, y, x]);
        Require(file, Moments, moments);
        if (description.Mirrored) Require(file, MirroredMoments, moments);
    }

    private static LatentDescription DescriptionOf(SafeTensorsFile file) => file.Metadata.TryGetValue(DescriptionKey, out var json)
        ? LatentDescription.Parse(json, file.Path)
        : throw new DitException($"'{file.Path}' is no shard of latents: it has no metadata {DescriptionKey}.");

    private static void Require(SafeTensorsFile file, string name, TensorInfo wanted)
    {
        var found = file.Tensors.GetValueOrDefault(name);
        if (found?.DType != wanted.DType || !found.Shape.AsSpan().SequenceEqual(wanted.Shape)) throw Wrong(file, name, wanted, found);
    }

    private static DitException Wrong(SafeTensorsFile file, string name, TensorInfo wanted, TensorInfo? found) =>
        new($"The tensor {name} of '{file.Path}' should be {wanted}, and is {found?.ToString() ?? "missing"}: encode the images again.");
}
