using System.Runtime.InteropServices;
using System.Security.Cryptography;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Mean and standard deviation of each channel of an autoencoder's latents, over the images it was trained on
/// (LightningDiT, arXiv 2501.01423).
/// </summary>
/// <param name="Mean">What is subtracted from each channel, C numbers.</param>
/// <param name="Deviation">What each channel is divided by then, C numbers above 0.</param>
public sealed record LatentStatistics(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    /// <summary>What the published file is called. It lies beside the autoencoder's weights.</summary>
    public const string FileName = "latents_stats.pt";

    private const string MeanName = "mean", DeviationName = "std";
    private const int DigestDigits = 8;

    private static readonly string[] FileNames = [FileName, "latents_stats.safetensors"];

    /// <summary>Reads a file with the tensors <c>mean</c> and <c>std</c>, of C numbers each.</summary>
    /// <param name="path">The file, in any format of checkpoints.</param>
    /// <param name="channels">Channels of a latent, C.</param>
    /// <exception cref="DitException">
    /// The file cannot be read, or its numbers are no statistics of C channels.
    /// </exception>
    public static LatentStatistics Load(string path, int channels)
    {
        using var file = CheckpointFile.Open(path);
        var statistics = new LatentStatistics(Read(MeanName), Read(DeviationName));
        return statistics.Flaw(channels) is { } flaw
            ? throw new DitException($"'{path}' holds no statistics of latents of {channels} channels: {flaw}.")
            : statistics;

        float[] Read(string name)
        {
            if (!file.Tensors.ContainsKey(name))
                throw new DitException(
                    $"'{path}' holds no statistics of latents: there is no tensor {name}; {MeanName} and {DeviationName} are expected.");
            using var values = file.Read(name, dtype: ScalarType.Float32);
            return values.data<float>().ToArray();
        }
    }

    /// <summary>Reads the statistics that lie beside an autoencoder's weights.</summary>
    /// <param name="weights">File or folder of the weights.</param>
    /// <param name="card">The autoencoder.</param>
    /// <exception cref="DitException">There are none, or they are of another autoencoder.</exception>
    internal static LatentStatistics LoadBeside(string weights, AutoencoderCard card)
    {
        var folder = Directory.Exists(weights) ? weights : Path.GetDirectoryName(Path.GetFullPath(weights)) ?? ".";
        return FileNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } path
            ? Load(path, card.LatentChannels)
            : throw new DitException(
                $"{card.Name} normalizes each channel of its latents, and their means and deviations are missing: put {FileName}, which "
                    + $"is published with the weights, into {folder}.");
    }

    /// <summary>What keeps the numbers from being statistics, in words; null for nothing.</summary>
    internal string? Flaw(int channels) =>
        Mean.Count != channels || Deviation.Count != channels
            ? $"it has {Mean.Count} means and {Deviation.Count} deviations"
            : !Mean.All(float.IsFinite) ? "a mean is not finite"
            : Deviation.All(static value => float.IsFinite(value) && value > 0) ? null : "a deviation is not a number above 0";

    /// <summary>(C, 1, 1): means and deviations as a latent's type, on its device.</summary>
    internal (Tensor Mean, Tensor Deviation) For(Tensor latents)
    {
        return (Channels(Mean), Channels(Deviation));

        Tensor Channels(IReadOnlyList<float> values) => tensor(values.ToArray(), [values.Count, 1, 1], latents.dtype, latents.device);
    }

    /// <summary>A short name of the numbers.</summary>
    internal string Digest() =>
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>([.. Mean, .. Deviation])))[..DigestDigits];

    /// <summary>By value.</summary>
    public bool Equals(LatentStatistics? other) =>
        other is not null && Mean.SequenceEqual(other.Mean) && Deviation.SequenceEqual(other.Deviation);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Mean.Count, Mean.FirstOrDefault(), Deviation.FirstOrDefault());
}
