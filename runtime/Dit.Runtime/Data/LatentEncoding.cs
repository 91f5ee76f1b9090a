using System.Diagnostics;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How images become a folder of latents.</summary>
public sealed record LatentOptions
{
    /// <summary>Whether to encode each image mirrored left to right as well: a latent cannot be mirrored.</summary>
    public bool Mirrored { get; init; }

    /// <summary>Type of the moments in the files: float32, or float16, which rounds them to about a thousandth.</summary>
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

/// <summary>Fills folders of latents.</summary>
public static class LatentEncoding
{
    private const long ShardBytes = 256_000_000;
    private const int MostImagesOfAShard = 4096; // what a stopped run may lose

    /// <summary>What a run of encoding makes, before it is made.</summary>
    /// <param name="images">The images; they get labels where the folder was opened with classes.</param>
    /// <param name="size">Y and X in pixels that images are cropped to, as for training on pixels; multiples of the autoencoder's factor.</param>
    /// <param name="autoencoder">The encoder.</param>
    /// <param name="options">How.</param>
    /// <exception cref="DitException">An option or the size makes no sense.</exception>
    public static LatentDescription Describe(ImageFolder images, (int Height, int Width) size, AutoencoderKL autoencoder, LatentOptions options)
    {
        var (card, (height, width)) = (autoencoder.Card, size);
        if (height < 1 || width < 1 || height % card.Factor != 0 || width % card.Factor != 0)
            throw new DitException($"Images of {height} x {width} pixels have no latents of {card.Name}: both sides must be multiples of {card.Factor}.");
        if (LatentDescription.WordOf(options.Type) is not { } type)
            throw new DitException($"Moments are kept as float32 or float16, not as {options.Type}.");
        if (options.ImagesPerShard < 1)
            throw new DitException($"A shard holds 1 or more images, not {options.ImagesPerShard}.");
        if (options.Batch < 1 || options.Batch > Array.MaxLength / (AutoencoderKL.ImageChannels * height * width))
            throw new DitException($"{options.Batch} images of {height} x {width} pixels cannot be read at once: 1 to {Array.MaxLength / (AutoencoderKL.ImageChannels * height * width)} can.");
        var bytes = LatentDescription.BytesOf(card.LatentShape(height, width), options.Mirrored, options.Type);
        var perShard = Math.Clamp(ShardBytes / bytes, 1, MostImagesOfAShard);
        return new LatentDescription(
            LatentDescription.CurrentVersion, card, LatentHash.OfEncoder(autoencoder), height, width, images.Count, images.Classes.Count > 0 ? images.Classes : null,
            options.Mirrored, type, TileOf(options.Tiling, card.LatentShape(height, width)), Math.Min(images.Count, options.ImagesPerShard ?? (int)perShard), LatentHash.OfFiles(images));
    }

    /// <summary>Encodes the images into a folder: shards one by one, each whole or absent, the index last.</summary>
    /// <remarks>Whole shards of an earlier, stopped run with the same arguments are kept: the folder is in the end the same as that of one run.</remarks>
    /// <param name="folder">Where; it is created when missing.</param>
    /// <param name="images">The images.</param>
    /// <param name="autoencoder">The encoder.</param>
    /// <param name="description">What <see cref="Describe"/> gave for these.</param>
    /// <param name="options">As for <see cref="Describe"/>.</param>
    /// <param name="progress">Told after each batch, on this thread.</param>
    /// <param name="cancellation">Stops the run; whole shards are kept.</param>
    /// <exception cref="DitException">An image cannot be read, the folder cannot be written, or it holds latents of another run.</exception>
    public static LatentResult Run(
        string folder,
        ImageFolder images,
        AutoencoderKL autoencoder,
        LatentDescription description,
        LatentOptions options,
        IProgress<LatentProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var created = !Directory.Exists(folder);
        AtomicFile.CreateFolder(folder);
        try
        {
            if (LatentFolder.IsAt(folder)) return Finished(folder, description);
            AtomicFile.RequireWritable(LatentFolder.IndexOf(folder));
            return new Work(folder, images, autoencoder, description, options, progress, cancellation).Run(Missing(folder, description));
        }
        finally
        {
            if (created && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder); // a run that fails at its first image leaves nothing
        }
    }

    // 0 where the tiling changes nothing.
    private static int TileOf(AutoencoderTiling? tiling, ImageShape latent) =>
        tiling is not null && (latent.Height > tiling.Tile || latent.Width > tiling.Tile) ? tiling.Tile : 0;

    private static LatentResult Finished(string folder, LatentDescription description)
    {
        if (LatentFolder.ReadIndex(folder).DifferenceTo(description) is { } difference)
            throw new DitException($"The folder {folder} holds latents that were encoded in another way, with {difference}: name another folder, or remove it.");
        using (LatentFolder.Open(folder)) // whole in every shard
            return new(description, description.Images, description.Images, Cancelled: false);
    }

    /// <summary>The shards that are not there yet; those that are there are checked.</summary>
    private static int[] Missing(string folder, LatentDescription description)
    {
        var names = Enumerable.Range(0, description.Shards).ToDictionary(description.ShardName);
        if (LatentFolder.ShardsIn(folder).FirstOrDefault(name => !names.ContainsKey(name)) is { } foreign)
            throw new DitException($"The folder {folder} holds the shard {foreign} of another run: name another folder, or remove it.");
        foreach (var name in LatentFolder.ShardsIn(folder))
            using (LatentShard.Open(folder, description, names[name])) { }
        return [.. names.Values.Where(shard => !File.Exists(Path.Combine(folder, description.ShardName(shard))))];
    }

    /// <summary>One run over the shards that are missing.</summary>
    private sealed class Work(
        string folder,
        ImageFolder images,
        AutoencoderKL autoencoder,
        LatentDescription description,
        LatentOptions options,
        IProgress<LatentProgress>? progress,
        CancellationToken cancellation)
    {
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private int encoded; // in this run

        public LatentResult Run(int[] missing)
        {
            var kept = description.Images - missing.Sum(shard => description.ImagesOf(shard).Count);
            var done = kept;
            foreach (var shard in missing)
            {
                if (!TryEncode(shard, kept)) return new(description, kept, done, Cancelled: true);
                done += description.ImagesOf(shard).Count;
            }
            AtomicFile.WriteText(LatentFolder.IndexOf(folder), description.ToIndex());
            return new(description, kept, done, Cancelled: false);
        }

        private bool TryEncode(int shard, int kept)
        {
            try
            {
                Encode(shard, kept);
                return true;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return false; // the shard at hand is lost, those before are whole
            }
        }

        private void Encode(int shard, int kept)
        {
            using var scope = NewDisposeScope();
            var (first, count) = description.ImagesOf(shard);
            var ((c, y, x), type) = (description.Shape, description.DType);
            var moments = empty([count, 2 * c, y, x], type);
            var mirrored = description.Mirrored ? empty([count, 2 * c, y, x], type) : null;
            foreach (var batch in Enumerable.Range(first, count).Chunk(options.Batch))
            {
                cancellation.ThrowIfCancellationRequested();
                Fill(moments, batch, first, flip: false);
                if (mirrored is not null) Fill(mirrored, batch, first, flip: true);
                encoded += batch.Length;
                progress?.Report(new(kept + encoded, description.Images, kept, encoded / Math.Max(clock.Elapsed.TotalSeconds, 1e-9)));
            }
            var labels = images.Files.Skip(first).Take(count).Select(static file => (long)file.Label).ToArray();
            LatentShard.Write(folder, description, shard, moments, mirrored, labels);
        }

        private void Fill(Tensor moments, int[] batch, int first, bool flip)
        {
            using var scope = NewDisposeScope();
            var pixels = images.LoadImages(batch, new ImageShape(AutoencoderKL.ImageChannels, description.Height, description.Width), Enumerable.Repeat(flip, batch.Length).ToArray());
            using var encodedBatch = autoencoder.Encode(pixels, options.Tiling, cancellation);
            var into = moments.narrow(0, batch[0] - first, batch.Length);
            into.copy_(encodedBatch.Values);
            if (!into.isfinite().all().item<bool>())
                throw new DitException($"The moments of {Bad(into, batch)} are not finite as {description.Type}: {(description.DType == ScalarType.Float16 ? "keep them as f32, or " : "")}look whether the autoencoder's weights are whole.");
        }

        private string Bad(Tensor moments, int[] batch)
        {
            using var scope = NewDisposeScope();
            var finite = moments.isfinite().flatten(1).all(1).data<bool>().ToArray();
            return images.Files[batch[Array.IndexOf(finite, false)]].Path;
        }
    }
}
