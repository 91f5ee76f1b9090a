using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A hash of the weights of a model, whatever file they come from.</summary>
internal static class WeightsHash
{
    /// <summary>
    /// SHA-256 of the names and the bytes of all tensors of the state dict: <c>sha256:</c> and 64 digits.
    /// </summary>
    public static string Of(nn.Module model)
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, tensor) in model.state_dict())
        {
            using var host = tensor.detach().cpu().contiguous();
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(host.bytes);
        }
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
