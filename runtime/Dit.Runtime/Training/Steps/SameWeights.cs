using System.Security.Cryptography;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Finds out whether all processes train the same weights.</summary>
internal static class SameWeights
{
    /// <summary>Compares hashes of all weights.</summary>
    /// <param name="processes">The processes.</param>
    /// <param name="model">The model of this one.</param>
    /// <exception cref="DitException">Those of a process differ, in all processes.</exception>
    public static void Require(ProcessGroup processes, nn.Module model)
    {
        if (processes.Size == 1) return;
        var all = processes.Exchange(Hash(model));
        for (var rank = 1; rank < all.Count; rank++)
            if (!all[rank].AsSpan().SequenceEqual(all[0]))
                throw processes.Shared(new DitException(
                    $"The weights of process {rank} differ from those of process 0. Training needs the same program, libtorch and kind of "
                        + "processor in all processes."));
    }

    private static byte[] Hash(nn.Module model)
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, tensor) in model.state_dict())
        {
            using var host = tensor.cpu().contiguous();
            hash.AppendData(host.bytes);
        }
        return hash.GetHashAndReset();
    }
}
