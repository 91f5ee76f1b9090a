using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A KL-regularized autoencoder of images (latent diffusion, arXiv 2112.10752): KL-f8 and its relatives.
/// </summary>
/// <remarks>
/// Parameters are named as in latent diffusion's own files (<c>encoder.down.0.block.0.conv1.weight</c>);
/// <see cref="Load"/> takes those of diffusers as well. Images go through one after another, so that memory does not
/// follow the batch.
/// </remarks>
public sealed class AutoencoderKL : nn.Module
{
    internal const int ImageChannels = 3;

    // Of the autoencoders that a program has seen, a few: a map is read from a module without memory, once.
    private static readonly ConcurrentDictionary<AutoencoderCard, CheckpointEntry[]> Maps = new();

    private readonly AutoencoderEncoder encoder;
    private readonly AutoencoderDecoder decoder;
    private readonly Convolution? quant_conv;
    private readonly Convolution? post_quant_conv;

    private AutoencoderKL(AutoencoderCard card, Device device, ScalarType dtype) : base(card.Name)
    {
        Card = card;
        encoder = new AutoencoderEncoder(card, device, dtype);
        decoder = new AutoencoderDecoder(card, device, dtype);
        register_module(nameof(encoder), encoder);
        register_module(nameof(decoder), decoder);
        if (!card.QuantConvolutions) return;
        quant_conv = new Convolution(2 * card.LatentChannels, 2 * card.LatentChannels, kernel: 1, device, dtype);
        post_quant_conv = new Convolution(card.LatentChannels, card.LatentChannels, kernel: 1, device, dtype);
        register_module(nameof(quant_conv), quant_conv);
        register_module(nameof(post_quant_conv), post_quant_conv);
    }

    /// <summary>What this autoencoder is.</summary>
    public AutoencoderCard Card { get; }

    /// <summary>Where the parameters live.</summary>
    public Device Device => parameters().First().device;

    /// <summary>Type of the parameters; images and latents are converted to it and back.</summary>
    public ScalarType DType => parameters().First().dtype;

    /// <summary>A new autoencoder: weights Xavier uniform, biases zero.</summary>
    /// <param name="card">Its architecture.</param>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <param name="seed">The same seed gives the same parameters.</param>
    public static AutoencoderKL Create(AutoencoderCard card, Device? device = null, ScalarType? dtype = null, long seed = 0)
    {
        var autoencoder = Unset(card, device, dtype);
        using var random = new Generator((ulong)seed);
        autoencoder.encoder.Initialize(random);
        autoencoder.decoder.Initialize(random);
        autoencoder.quant_conv?.Initialize(random);
        autoencoder.post_quant_conv?.Initialize(random);
        return autoencoder;
    }

    /// <summary>An autoencoder with the parameters of a checkpoint: every name and shape must match.</summary>
    /// <param name="path">
    /// A file with the names of latent diffusion or of diffusers (see <see cref="AutoencoderNames"/>); its names decide
    /// which. It may be part of a larger checkpoint, as <c>first_stage_model.*</c> is, or a folder of diffusers, of
    /// which <c>vae/</c> is taken.
    /// </param>
    /// <param name="card">
    /// Its architecture. Where it asks for statistics of each channel and has none, they are read from
    /// <see cref="LatentStatistics.FileName"/> beside <paramref name="path"/>.
    /// </param>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <param name="notice">
    /// Receives one sentence for a prefix of the names in the file, and one for the scalars that are skipped.
    /// </param>
    /// <exception cref="CheckpointMismatchException">The file is of another autoencoder.</exception>
    /// <exception cref="DitException">
    /// The file cannot be read or holds no autoencoder, the statistics are missing, or there is no such device.
    /// </exception>
    public static AutoencoderKL Load(
        string path,
        AutoencoderCard card,
        Device? device = null,
        ScalarType? dtype = null,
        Action<string>? notice = null)
    {
        using var file = CheckpointFile.Open(path, CheckpointComponent.Autoencoder);
        var whole = card is { ChannelStatistics: true, Statistics: null }
            ? card with { Statistics = LatentStatistics.LoadBeside(path, card) }
            : card;
        return Checkpoint.Load(AutoencoderNames.Own(file, card, notice), card.Name, CheckpointMap(card), () =>
            Unset(whole, TorchDevice.OrCpu(device), dtype));
    }

    /// <summary>Every tensor of a checkpoint, under the names of latent diffusion.</summary>
    /// <param name="card">The architecture.</param>
    public static IReadOnlyList<CheckpointEntry> CheckpointMap(AutoencoderCard card) => Maps.GetOrAdd(card.WithoutStatistics, static card =>
    {
        using var scope = NewDisposeScope();
        using var shapes = Unset(card, META, null);
        return [.. shapes.state_dict().Select(static entry => new CheckpointEntry(entry.Key, entry.Value.shape))];
    });

    /// <summary>The Gaussians of images' latents, without gradients.</summary>
    /// <param name="images">(N, 3, f Y, f X), in [-1, 1], on any device.</param>
    /// <param name="tiling">Works in tiles on images larger than one; null for the whole image at once.</param>
    /// <param name="cancellation">Stops the work before the next image or tile.</param>
    /// <returns>(N, 2 C, Y, X) in float32 on this autoencoder's device.</returns>
    /// <exception cref="DitException">The images have another shape.</exception>
    public LatentMoments Encode(Tensor images, AutoencoderTiling? tiling = null, CancellationToken cancellation = default)
    {
        var f = Card.Factor;
        if (images.shape is not [_, ImageChannels, > 0 and var height, > 0 and var width] || height % f != 0 || width % f != 0)
            throw new DitException(
                $"{Card.Name} encodes images of the shape (N, {ImageChannels}, Y, X), Y and X multiples of {f}, but these have "
                    + $"{TensorInfo.ShapeText(images.shape)}.");
        using var scope = NewDisposeScope();
        var moments = OneByOne(
            images,
            image => Whole(tiling, (int)height / f, (int)width / f, scale: 1, area => Moments(area.Of(image, f)), cancellation),
            cancellation);
        return new LatentMoments(moments, Card);
    }

    /// <summary>The images of latents, without gradients.</summary>
    /// <param name="latents">(N, C, Y, X), of this autoencoder.</param>
    /// <param name="tiling">Works in tiles on images larger than one; null for the whole image at once.</param>
    /// <param name="cancellation">Stops the work before the next image or tile.</param>
    /// <returns>(N, 3, f Y, f X) in float32 on this autoencoder's device, about in [-1, 1].</returns>
    /// <exception cref="DitException">The latents are of another autoencoder.</exception>
    public Tensor Decode(ScaledLatents latents, AutoencoderTiling? tiling = null, CancellationToken cancellation = default)
    {
        if (latents.Autoencoder != Card)
            throw new DitException(
                $"Latents of {latents.Autoencoder.Name} cannot be decoded by {Card.Name}: architecture and scale must be the same.");
        using var scope = NewDisposeScope();
        using var unscaled = latents.Unscaled();
        var (rows, columns) = ((int)unscaled.shape[2], (int)unscaled.shape[3]);
        return OneByOne(unscaled, z => Whole(tiling, rows, columns, Card.Factor, area => Image(area.Of(z, 1)), cancellation), cancellation)
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection

    internal static AutoencoderKL Unset(AutoencoderCard card, Device? device, ScalarType? dtype) =>
        new(card, device ?? CPU, dtype ?? ScalarType.Float32);

    // (1, 3, f Y, f X) -> (1, 2 C, Y, X)
    private Tensor Moments(Tensor image)
    {
        using (image)
        {
            var moments = encoder.forward(image);
            return quant_conv is null ? moments : moments.Then(quant_conv.forward);
        }
    }

    // (1, C, Y, X) -> (1, 3, f Y, f X)
    private Tensor Image(Tensor z)
    {
        using (z) return post_quant_conv is null ? decoder.forward(z) : post_quant_conv.forward(z).Then(decoder.forward);
    }

    private static Tensor Whole(
        AutoencoderTiling? tiling,
        int rows,
        int columns,
        int scale,
        Func<TileArea, Tensor> work,
        CancellationToken cancellation)
    {
        if (tiling is null || (rows <= tiling.Tile && columns <= tiling.Tile)) return work(new TileArea(0, 0, rows, columns));
        return tiling.Blend(rows, columns, scale, area =>
        {
            cancellation.ThrowIfCancellationRequested();
            return work(area);
        });
    }

    // Convolutions keep the layout of their input. With channels beside each other they take a tenth less time on a
    // CPU, and fill the matrix units of a GPU.
    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>Slicing: each image of a batch alone, in this autoencoder's type, the results in float32.</summary>
    private Tensor OneByOne(Tensor batch, Func<Tensor, Tensor> run, CancellationToken cancellation)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (device, dtype) = (Device, DType);
        var results = new List<Tensor>();
        for (var n = 0; n < batch.shape[0]; n++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var pieces = NewDisposeScope();
            var one = ChannelsLast(batch.narrow(0, n, 1).to(device).to(dtype));
            results.Add(run(one).to(ScalarType.Float32).contiguous().MoveToOuterDisposeScope());
        }
        if (results.Count == 0) throw new DitException($"{Card.Name} was given a batch of no image.");
        return cat(results).MoveToOuterDisposeScope();
    }
}
