using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Short names of large things, to tell whether latents go together.</summary>
internal static class LatentHash
{
    private const int Digits = 16;
    private const long PieceElements = 1 << 22;

    /// <summary>
    /// Of what makes moments of images: the encoder's weights as float32, whatever file and naming they came from.
    /// </summary>
    public static string OfEncoder(AutoencoderKL autoencoder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var scope = NewDisposeScope();
        foreach (var (name, weights) in autoencoder.state_dict())
            if (name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("quant_conv.", StringComparison.Ordinal))
                Append(hash, weights);
        return Short(hash);
    }

    /// <summary>Of a folder's images: their paths in it and their lengths in bytes, not their content.</summary>
    public static string OfFiles(ImageFolder images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (file, name) in images.Files.Zip(images.Names))
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{LengthOf(file.Path)}\n"));
        return Short(hash);
    }

    /// <summary>Of the bytes of an image's file.</summary>
    /// <exception cref="UnreadableImageException">It cannot be read.</exception>
    public static UInt128 OfContent(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreadableImageException(new(path, PathRules.WhyUnreadable(path, e)));
        }
    }

    private static long LengthOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : throw new UnreadableImageException(new(path, PathRules.WhyMissing(path)));
    }

    private static void Append(IncrementalHash hash, Tensor weights)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var flat = weights.detach().contiguous().view(-1);
        for (long start = 0; start < flat.NumberOfElements; start += PieceElements)
        {
            using var pieces = NewDisposeScope();
            hash.AppendData(
                flat.narrow(0, start, Math.Min(PieceElements, flat.NumberOfElements - start)).to(ScalarType.Float32, CPU).bytes);
        }
    }

    private static string Short(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset())[..Digits];
}
