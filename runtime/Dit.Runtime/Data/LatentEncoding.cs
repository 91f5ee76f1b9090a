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
/// <param name="Done">Images that are encoded, those of earlier runs included.</param>
/// <param name="Total">Images of the folder.</param>
/// <param name="Kept">Images that earlier runs had encoded.</param>
/// <param name="ImagesPerSecond">Mean speed of this run.</param>
public sealed record LatentProgress(int Done, int Total, int Kept, double ImagesPerSecond);

/// <summary>How a run of encoding ended.</summary>
/// <param name="Description">What the folder holds, or will hold.</param>
/// <param name="Kept">Images that earlier runs had encoded.</param>
/// <param name="Done">Images whose latents are in the folder, those of earlier runs included.</param>
/// <param name="Cancelled">Whether it was stopped: the same run goes on from there.</param>
public sealed record LatentResult(LatentDescription Description, int Kept, int Done, bool Cancelled)
{
    /// <summary>The images that were left out because they cannot be read.</summary>
    public IReadOnlyList<UnreadableImage> Unreadable { get; init; } = [];
}

/// <summary>The encoding of a folder of images into one of latents: what it makes is known before it runs.</summary>
public sealed class LatentEncoding
{
    private const long ShardBytes = 256_000_000;
    private const int MostImagesOfAShard = 4096; // what a stopped run may lose

    private readonly AutoencoderKL autoencoder;
    private readonly LatentOptions options;
    private readonly int perShard;
    private ImageFolder images;
    private ImageSources sources;
    private Lazy<LatentDescription> description; // hashes weights and looks at every file
    private int done; // images whose latents are in the folder

    /// <summary>An encoding; no image is read yet.</summary>
    /// <param name="images">The images; they get labels where the folder was opened with classes.</param>
    /// <param name="size">
    /// Y and X in pixels that images are cropped to, as for training on pixels; multiples of the autoencoder's factor.
    /// </param>
    /// <param name="autoencoder">The encoder. It stays the caller's.</param>
    /// <param name="options">How to encode.</param>
    /// <exception cref="DitException">An option or the size makes no sense.</exception>
    public LatentEncoding(ImageFolder images, (int Height, int Width) size, AutoencoderKL autoencoder, LatentOptions options)
    {
        (this.images, this.autoencoder, this.options) = (images, autoencoder, options);
        var (card, (height, width)) = (autoencoder.Card, size);
        var type = Checked(card, size, options);
        var latent = card.LatentShape(height, width);
        perShard = options.ImagesPerShard
            ?? (int)Math.Clamp(ShardBytes / LatentDescription.BytesOf(latent, options.Mirrored, options.Type), 1, MostImagesOfAShard);
        sources = new(images);
        description = new(() => Of(images, new LatentDescription(
            LatentDescription.CurrentVersion, card, LatentHash.OfEncoder(autoencoder), height, width, Images: 0, Classes: null,
            options.Mirrored, type, TileOf(options.Tiling, latent), ImagesPerShard: 1, Source: "")));
    }

    /// <summary>What the folder will hold. It changes while a run leaves out images that cannot be read.</summary>
    /// <exception cref="DitException">An image is not there.</exception>
    public LatentDescription Description => description.Value;

    /// <summary>Encodes the images into a folder: shards one by one, each whole or absent, the index last.</summary>
    /// <remarks>
    /// What an earlier run of the same encoding made of the same files is kept, in whatever order they are now: the
    /// folder is in the end the same as that of one run. An image that cannot be read ends the run, and all that was
    /// encoded is kept; in a folder that skips such images (<see cref="ImageFolder.SkippingUnreadable"/>) it is left
    /// out and listed in <c>unreadable.txt</c>.
    /// </remarks>
    /// <param name="folder">Where; it is created when missing.</param>
    /// <param name="progress">Reports after each batch, on this thread.</param>
    /// <param name="cancellation">Stops the run; all that was encoded is kept.</param>
    /// <param name="claim">
    /// The folder's claim, where it was taken before; it stays the caller's. Without it, the run claims the folder.
    /// </param>
    /// <exception cref="DitException">
    /// An image cannot be read, the folder cannot be written, lies in that of the images, or holds latents of another
    /// encoding.
    /// </exception>
    public LatentResult Run(
        string folder,
        IProgress<LatentProgress>? progress = null,
        CancellationToken cancellation = default,
        FolderClaim? claim = null)
    {
        claim?.Require(folder);
        PathRules.RequireOutside(folder, images.Root);
        using var own = claim is null ? FolderClaim.Take(folder) : null; // a run that fails at its first image leaves nothing
        AtomicFile.RequireWritable(LatentFolder.IndexOf(folder));
        sources = new(images) { Cancellation = cancellation };
        try
        {
            return FillSkipping(folder, progress, cancellation) with { Unreadable = images.Unreadable };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(Description, Kept: 0, done, Cancelled: true) { Unreadable = images.Unreadable };
        }
    }

    private LatentResult FillSkipping(string folder, IProgress<LatentProgress>? progress, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return Fill(folder, progress, cancellation);
            }
            catch (UnreadableImageException e) when (images.LargestUnreadablePart is not null)
            {
                LeaveOut(e.Image, images.LargestUnreadablePart.Value, cancellation);
            }
        }
    }

    // All of them at once, since leaving out one moves the images behind it to other shards.
    private void LeaveOut(UnreadableImage image, double largestPart, CancellationToken cancellation)
    {
        var others = images.Undecodable(cancellation).Where(other => other.Path != image.Path);
        images = images.SkippingUnreadable([image, .. others], largestPart);
        sources = new(images) { Cancellation = cancellation };
        var way = Description;
        description = new(() => Of(images, way));
    }

    private LatentDescription Of(ImageFolder from, LatentDescription way) => way with
    {
        Images = from.Count,
        Classes = from.Classes.Count > 0 ? from.Classes : null,
        ImagesPerShard = Math.Min(from.Count, perShard),
        Source = LatentHash.OfFiles(from),
    };

    /// <returns>The word of the type.</returns>
    private static string Checked(AutoencoderCard card, (int Height, int Width) size, LatentOptions options)
    {
        var (height, width) = size;
        if (height < 1 || width < 1 || height % card.Factor != 0 || width % card.Factor != 0)
            throw new DitException(
                $"Images of {height} x {width} pixels have no latents of {card.Name}: both sides must be multiples of {card.Factor}.");
        if (options.ImagesPerShard < 1)
            throw new DitException($"A shard holds 1 or more images, not {options.ImagesPerShard}.");
        var most = Array.MaxLength / ((long)AutoencoderKL.ImageChannels * height * width); // loaded as one array of bytes
        if (options.Batch < 1 || options.Batch > most)
            throw new DitException($"{options.Batch} images of {height} x {width} pixels cannot be read at once: 1 to {most} can.");
        return LatentDescription.WordOf(options.Type)
            ?? throw new DitException($"Moments are kept as float32 or float16, not as {options.Type}.");
    }

    // 0 where the tiling changes nothing.
    private static int TileOf(AutoencoderTiling? tiling, ImageShape latent) =>
        tiling is not null && (latent.Height > tiling.Tile || latent.Width > tiling.Tile) ? tiling.Tile : 0;

    private LatentResult Fill(string folder, IProgress<LatentProgress>? progress, CancellationToken cancellation)
    {
        var missing = new LatentResume(folder, Description, perShard, images, sources).Missing();
        var clock = Stopwatch.StartNew();
        using var earlier = KeptLatents.Open(folder);
        var kept = Description.Images - missing.Sum(shard => Description.ImagesOf(shard).Count - Held(shard, earlier));
        if (LatentFolder.IsAt(folder))
        {
            LatentFolder.WriteNames(folder, images); // which an earlier version did not
            return new(Description, kept, kept, Cancelled: false);
        }
        var encoded = 0;
        done = kept;
        foreach (var shard in missing) Encode(folder, shard, earlier, Tell, cancellation);
        earlier.Dispose();
        Finish(folder);
        return new(Description, kept, Description.Images, Cancelled: false);

        void Tell(int count)
        {
            encoded += count;
            done = kept + encoded;
            progress?.Report(new(kept + encoded, Description.Images, kept, encoded / Math.Max(clock.Elapsed.TotalSeconds, 1e-9)));
        }
    }

    private int Held(int shard, KeptLatents earlier)
    {
        if (earlier.Count == 0) return 0; // which spares the digests
        var (first, count) = Description.ImagesOf(shard);
        return sources.Of(first, count).Count(earlier.Holds);
    }

    private void Finish(string folder)
    {
        KeptLatents.Remove(folder);
        var list = Path.Combine(folder, UnreadableList.Name);
        if (images.Unreadable.Count > 0) UnreadableList.Write(list, images.Unreadable);
        else File.Delete(list); // of an earlier run
        LatentFolder.WriteNames(folder, images);
        AtomicFile.WriteText(LatentFolder.IndexOf(folder), Description.ToIndex());
    }

    private void Encode(string folder, int shard, KeptLatents earlier, Action<int> tell, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var (first, count) = Description.ImagesOf(shard);
        var ((c, y, x), type) = (Description.Shape, Description.DType);
        var of = sources.Of(first, count);
        var moments = empty([count, 2 * c, y, x], type);
        var mirrored = Description.Mirrored ? empty([count, 2 * c, y, x], type) : null;
        foreach (var (row, source) in of.Index().Where(image => earlier.Holds(image.Item)))
        {
            using var into = moments[row];
            using var intoMirrored = mirrored?[row];
            earlier.Copy(source, into, intoMirrored);
        }
        var made = new List<int>();
        try
        {
            foreach (var batch in Enumerable.Range(first, count).Where(image => !earlier.Holds(of[image - first])).Chunk(options.Batch))
            {
                cancellation.ThrowIfCancellationRequested();
                Encode(batch, flip: false, moments, first, cancellation);
                if (mirrored is not null) Encode(batch, flip: true, mirrored, first, cancellation);
                made.AddRange(batch.Select(image => image - first));
                tell(batch.Length);
            }
        }
        catch when (made.Count > 0)
        {
            Keep(folder, [.. made], of, moments, mirrored);
            throw;
        }
        LatentShard.Write(
            folder,
            Description,
            shard,
            moments,
            mirrored,
            [.. images.Files.Skip(first).Take(count).Select(static file => (long)file.Label)],
            of);
    }

    /// <summary>Keeps the rows of a shard that were made when the run ended.</summary>
    private void Keep(string folder, int[] made, IReadOnlyList<UInt128> of, Tensor moments, Tensor? mirrored)
    {
        try
        {
            using var scope = NewDisposeScope();
            var rows = tensor(Array.ConvertAll(made, static row => (long)row));
            LatentShard.WriteKept(
                KeptLatents.Next(folder),
                Description,
                moments.index_select(0, rows),
                mirrored?.index_select(0, rows),
                [.. made.Select(row => of[row])]);
        }
        catch (DitException)
        {
            // What ended the run is being reported already, and says more than this.
        }
    }

    // moments: (n, 2 C, Y, X), of which the rows of the batch are filled.
    private void Encode(int[] batch, bool flip, Tensor moments, int first, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var shape = new ImageShape(AutoencoderKL.ImageChannels, Description.Height, Description.Width);
        var pixels = images.LoadExactly(batch, shape, [.. Enumerable.Repeat(flip, batch.Length)]);
        using var encoded = autoencoder.Encode(pixels, options.Tiling, cancellation);
        var made = encoded.Values.to(moments.dtype);
        moments.index_copy_(0, tensor(Array.ConvertAll(batch, image => (long)(image - first))), made);
        var finite = made.isfinite().flatten(1).all(1).data<bool>().ToArray();
        if (Array.IndexOf(finite, false) is var bad and >= 0)
            throw new DitException($"The moments of {images.Files[batch[bad]].Path} are not finite as {Description.DType}: "
                + $"{(Description.DType == ScalarType.Float16 ? "keep them as f32, or " : "")}look whether the autoencoder's weights are "
                + $"whole.");
    }
}
