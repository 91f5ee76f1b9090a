using System.Globalization;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Latents that are to be decoded, read one at a time.</summary>
internal abstract class LatentSource : IDisposable
{
    private const string SamplesName = "samples", LabelsName = "labels";

    /// <summary>How many there are.</summary>
    public abstract int Count { get; }

    /// <summary>Shape of each, (C, Y, X).</summary>
    public abstract ImageShape Shape { get; }

    /// <summary>Whose they are, where that is known.</summary>
    public abstract AutoencoderCard? Autoencoder { get; }

    /// <summary>How pictures of the first of them are laid out.</summary>
    public virtual SampleRows Rows(int count) => SampleRows.Block(count);

    /// <summary>Finds out whether an autoencoder fits.</summary>
    /// <exception cref="DitException">It does not.</exception>
    public abstract void Require(AutoencoderKL autoencoder);

    /// <summary>Finds out, where it is known before they are read, whether the first of them are all finite.</summary>
    /// <exception cref="DitException">One is not.</exception>
    public virtual void RequireFinite(int count) { }

    /// <summary>Reads one, scaled, (C, Y, X); the caller owns it.</summary>
    /// <param name="n">Which, from 0.</param>
    public abstract Tensor Read(int n);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Opens what <c>dit sample</c> or <c>dit encode</c> wrote.</summary>
    /// <exception cref="DitException">It is neither.</exception>
    public static LatentSource Open(string path, CommandContext context)
    {
        if (Directory.Exists(path)) return new Moments(LatentFolder.Open(path));
        using var file = CheckpointFile.Open(path);
        if (!file.Tensors.TryGetValue(SamplesName, out var info))
            throw new DitException(
                $"'{path}' holds no tensor {SamplesName}: give what 'dit sample --out NAME.safetensors' wrote, or a folder of 'dit "
                    + $"encode'.");
        if (
            info.Shape is not [> 0, > 0, > 0, > 0]
            || info.DType is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float64))
            throw new DitException(
                $"The tensor {SamplesName} of '{path}' is {info}: latents are real numbers of the shape (N, C, Y, X), N at least 1.");
        var model = context
            .With(file)
            .Models.FirstOrDefault(known => known.Card.Name == file.Metadata.GetValueOrDefault(ModelCard.NameKey));
        return new Samples(
            path, file.Read(SamplesName, dtype: ScalarType.Float32), LabelsOf(file, info.Shape[0]),
            ClassNameMetadata.FromMap(file.Metadata), model?.Card.Autoencoder);
    }

    private static long[] LabelsOf(ICheckpointFile file, long count)
    {
        if (file.Tensors.GetValueOrDefault(LabelsName) is not { DType: ScalarType.Int64, Shape: [var labeled] } || labeled != count)
            return [];
        using var labels = file.Read(LabelsName);
        return labels.data<long>().ToArray();
    }

    /// <summary>What a sampler drew: scaled latents.</summary>
    private sealed class Samples(string path, Tensor values, long[] labels, Func<long, string> nameOf, AutoencoderCard? autoencoder)
        : LatentSource
    {
        public override int Count => (int)values.shape[0];

        public override ImageShape Shape => new((int)values.shape[1], (int)values.shape[2], (int)values.shape[3]);

        public override AutoencoderCard? Autoencoder => autoencoder;

        public override SampleRows Rows(int count)
        {
            var each = Array.FindIndex(labels, label => label != labels[0]);
            if (each < 1 || count != Count || Count % each != 0 || labels.Chunk(each).Any(static row => row.Any(label => label != row[0])))
                return base.Rows(count);
            return new([.. labels.Chunk(each).Select(row => RowOf(row[0]))], each, each);
        }

        private ConditionName RowOf(long label) =>
            (label.ToString(CultureInfo.InvariantCulture), nameOf(label)) is var (number, name) && name == number
                ? new(number, number, $"class {number}", null)
                : new(name, $"{number} {name}", $"class {number}, {name}", null);

        public override void Require(AutoencoderKL autoencoder)
        {
            if (Shape.Channels != autoencoder.Card.LatentChannels)
                throw new DitException(
                    $"The samples of '{path}' are {Shape}, and latents of {autoencoder.Card.Name} have {autoencoder.Card.LatentChannels} "
                        + $"channels: give the latents of a model with that autoencoder.");
        }

        public override void RequireFinite(int count)
        {
            using var first = values.narrow(0, 0, count);
            if (NonFinite.In(first) is { } found)
                throw new DitException(
                    $"The tensor {SamplesName} of '{path}' holds {found}, so latent {found.First[0]} is none: draw it anew.");
        }

        public override Tensor Read(int n) => values[n];

        public override void Dispose() => values.Dispose();
    }

    /// <summary>What an encoder gave: the most likely latents of its moments.</summary>
    private sealed class Moments(LatentFolder folder) : LatentSource
    {
        public override int Count => folder.Count;

        public override ImageShape Shape => folder.Description.Shape;

        public override AutoencoderCard? Autoencoder => folder.Description.Autoencoder;

        public override void Require(AutoencoderKL autoencoder) => folder.Require(autoencoder);

        public override Tensor Read(int n)
        {
            using var moments = folder.Load([n]);
            using var latents = moments.Mode();
            return NonFinite.In(latents.Values) is { } found
                ? throw new DitException($"Latent {n} holds {found}: encode its image anew.")
                : latents.Values[0];
        }

        public override void Dispose() => folder.Dispose();
    }
}
