using System.Diagnostics;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How images become a folder of latents.</summary>
public sealed record LatentOptions
{
    /// <summary>Whether to encode each image mirrored left to right as well: a latent cannot be mirrored.</summary>
    public bool Mirrored { get; init; }

    /// <summary>Type of the moments in the files: float32, or float16, which rounds means by at most 0.004.</summary>
    public ScalarType Type { get; init; } = ScalarType.Float32;

    /// <summary>Works in tiles on images larger than one; null for whole images.</summary>
    public AutoencoderTiling? Tiling { get; init; }

    /// <summary>Images that are read from files at once; the latents do not depend on it.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Images of a shard; by default as many as fit in 256 MB, at most 4,096.</summary>
    public int? ImagesPerShard { get; init; }
}

/// <summary>How far encoding is.</summary>
/// <param name="Done">Images in whole or begun shards, those of earlier runs included.</param>
/// <param name="Total">Images of the folder.</param>
/// <param name="Kept">Images that earlier runs had encoded.</param>
/// <param name="ImagesPerSecond">Mean speed of this run.</param>
public sealed record LatentProgress(int Done, int Total, int Kept, double ImagesPerSecond);

/// <summary>How a run of encoding ended.</summary>
/// <param name="Description">What the folder holds, or will hold.</param>
/// <param name="Kept">Images that earlier runs had encoded.</param>
/// <param name="Done">Images in whole shards, those of earlier runs included.</param>
/// <param name="Cancelled">Whether it was stopped: the same run goes on from there.</param>
public sealed record LatentResult(LatentDescription Description, int Kept, int Done, bool Cancelled);

/// <summary>The encoding of a folder of images into one of latents: what it makes is known before it runs.</summary>
public sealed class LatentEncoding
{
    private const long ShardBytes = 256_000_000;
    private const int MostImagesOfAShard = 4096; // what a stopped run may lose

    private readonly ImageFolder images;
    private readonly AutoencoderKL autoencoder;
    private readonly LatentOptions options;

    /// <summary>An encoding; no image is read yet.</summary>
    /// <param name="images">The images; they get labels where the folder was opened with classes.</param>
    /// <param name="size">Y and X in pixels that images are cropped to, as for training on pixels; multiples of the autoencoder's factor.</param>
    /// <param name="autoencoder">The encoder. It stays the caller's.</param>
    /// <param name="options">How to encode.</param>
    /// <exception cref="DitException">An option or the size makes no sense.</exception>
    public LatentEncoding(ImageFolder images, (int Height, int Width) size, AutoencoderKL autoencoder, LatentOptions options)
    {
        (this.images, this.autoencoder, this.options) = (images, autoencoder, options);
        var (card, (height, width)) = (autoencoder.Card, size);
        var type = Checked(card, size, options);
        var latent = card.LatentShape(height, width);
        var perShard = options.ImagesPerShard ?? (int)Math.Clamp(ShardBytes / LatentDescription.BytesOf(latent, options.Mirrored, options.Type), 1, MostImagesOfAShard);
        Description = new LatentDescription(
            LatentDescription.CurrentVersion, card, LatentHash.OfEncoder(autoencoder), height, width, images.Count, images.Classes.Count > 0 ? images.Classes : null,
            options.Mirrored, type, TileOf(options.Tiling, latent), Math.Min(images.Count, perShard), LatentHash.OfFiles(images));
    }

    /// <summary>What the folder will hold.</summary>
    public LatentDescription Description { get; }

    /// <summary>Encodes the images into a folder: shards one by one, each whole or absent, the index last.</summary>
    /// <remarks>Whole shards of an earlier, stopped run of the same encoding are kept: the folder is in the end the same as that of one run.</remarks>
    /// <param name="folder">Where; it is created when missing.</param>
    /// <param name="progress">Told after each batch, on this thread.</param>
    /// <param name="cancellation">Stops the run; whole shards are kept.</param>
    /// <exception cref="DitException">An image cannot be read, the folder cannot be written, or it holds latents of another encoding.</exception>
    public LatentResult Run(string folder, IProgress<LatentProgress>? progress = null, CancellationToken cancellation = default)
    {
        var created = !Directory.Exists(folder);
        AtomicFile.CreateFolder(folder);
        try
        {
            if (LatentFolder.IsAt(folder)) return Finished(folder);
            AtomicFile.RequireWritable(LatentFolder.IndexOf(folder));
            return Fill(folder, Missing(folder), progress, cancellation);
        }
        finally
        {
            if (created && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder); // a run that fails at its first image leaves nothing
        }
    }

    /// <returns>The word of the type.</returns>
    private static string Checked(AutoencoderCard card, (int Height, int Width) size, LatentOptions options)
    {
        var (height, width) = size;
        if (height < 1 || width < 1 || height % card.Factor != 0 || width % card.Factor != 0)
            throw new DitException($"Images of {height} x {width} pixels have no latents of {card.Name}: both sides must be multiples of {card.Factor}.");
        if (options.ImagesPerShard < 1)
            throw new DitException($"A shard holds 1 or more images, not {options.ImagesPerShard}.");
        var most = Array.MaxLength / ((long)AutoencoderKL.ImageChannels * height * width); // loaded as one array of bytes
        if (options.Batch < 1 || options.Batch > most)
            throw new DitException($"{options.Batch} images of {height} x {width} pixels cannot be read at once: 1 to {most} can.");
        return LatentDescription.WordOf(options.Type) ?? throw new DitException($"Moments are kept as float32 or float16, not as {options.Type}.");
    }

    // 0 where the tiling changes nothing.
    private static int TileOf(AutoencoderTiling? tiling, ImageShape latent) =>
        tiling is not null && (latent.Height > tiling.Tile || latent.Width > tiling.Tile) ? tiling.Tile : 0;

    private LatentResult Finished(string folder)
    {
        if (LatentFolder.ReadIndex(folder).DifferenceTo(Description) is { } difference)
            throw new DitException($"The folder {folder} holds latents that were encoded in another way, with {difference}: name another folder, or remove it.");
        using (LatentFolder.Open(folder)) // whole in every shard
            return new(Description, Description.Images, Description.Images, Cancelled: false);
    }

    /// <summary>The shards that are not there yet; those that are there are checked.</summary>
    private int[] Missing(string folder)
    {
        var names = Enumerable.Range(0, Description.Shards).ToDictionary(Description.ShardName);
        var found = LatentFolder.ShardsIn(folder).ToArray();
        if (found.FirstOrDefault(name => !names.ContainsKey(name)) is { } foreign)
            throw new DitException($"The folder {folder} holds the shard {foreign} of another run: name another folder, or remove it.");
        foreach (var name in found)
            using (LatentShard.Open(folder, Description, names[name])) { }
        return [.. names.Where(pair => !found.Contains(pair.Key)).Select(static pair => pair.Value)];
    }

    private LatentResult Fill(string folder, int[] missing, IProgress<LatentProgress>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var kept = Description.Images - missing.Sum(shard => Description.ImagesOf(shard).Count);
        var (done, encoded) = (kept, 0);
        foreach (var shard in missing)
        {
            try
            {
                Encode(folder, shard, Tell, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return new(Description, kept, done, Cancelled: true); // the shard at hand is lost, those before are whole
            }
            done += Description.ImagesOf(shard).Count;
        }
        AtomicFile.WriteText(LatentFolder.IndexOf(folder), Description.ToIndex());
        return new(Description, kept, done, Cancelled: false);

        void Tell(int count)
        {
            encoded += count;
            progress?.Report(new(kept + encoded, Description.Images, kept, encoded / Math.Max(clock.Elapsed.TotalSeconds, 1e-9)));
        }
    }

    private void Encode(string folder, int shard, Action<int> tell, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var (first, count) = Description.ImagesOf(shard);
        var ((c, y, x), type) = (Description.Shape, Description.DType);
        var moments = empty([count, 2 * c, y, x], type);
        var mirrored = Description.Mirrored ? empty([count, 2 * c, y, x], type) : null;
        foreach (var batch in Enumerable.Range(first, count).Chunk(options.Batch))
        {
            cancellation.ThrowIfCancellationRequested();
            Encode(batch, flip: false, moments, first, cancellation);
            if (mirrored is not null) Encode(batch, flip: true, mirrored, first, cancellation);
            tell(batch.Length);
        }
        LatentShard.Write(folder, Description, shard, moments, mirrored, [.. images.Files.Skip(first).Take(count).Select(static file => (long)file.Label)]);
    }

    // moments: (n, 2 C, Y, X), of which those of the batch are filled.
    private void Encode(int[] batch, bool flip, Tensor moments, int first, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var shape = new ImageShape(AutoencoderKL.ImageChannels, Description.Height, Description.Width);
        var pixels = images.LoadImages(batch, shape, Enumerable.Repeat(flip, batch.Length).ToArray());
        using var encoded = autoencoder.Encode(pixels, options.Tiling, cancellation);
        var into = moments.narrow(0, batch[0] - first, batch.Length).copy_(encoded.Values);
        var finite = into.isfinite().flatten(1).all(1).data<bool>().ToArray();
        if (Array.IndexOf(finite, false) is var bad and >= 0)
            throw new DitException($"The moments of {images.Files[batch[bad]].Path} are not finite as {Description.DType}: "
                + $"{(Description.DType == ScalarType.Float16 ? "keep them as f32, or " : "")}look whether the autoencoder's weights are whole.");
    }
}
