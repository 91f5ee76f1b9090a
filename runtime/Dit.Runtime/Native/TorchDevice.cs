using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Devices by the words of command lines.</summary>
public static class TorchDevice
{
    /// <summary>The device of a word, ready for the arithmetic that was asked for.</summary>
    /// <param name="word"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>, in any case.</param>
    /// <param name="tensorFloat32">
    /// Whether products of float32 numbers may be rounded, see <see cref="TensorFloat32"/>: allowed from then on.
    /// </param>
    /// <exception cref="DitException">
    /// It is no such word, this machine has no such device, or the device has no such arithmetic.
    /// </exception>
    public static Device Parse(string word, bool tensorFloat32 = false)
    {
        var device = Find(word);
        if (!tensorFloat32) return device;
        if (device.type != DeviceType.CUDA)
            throw new DitException(
                $"TensorFloat-32 is an arithmetic of CUDA devices, and the device is {word}: leave --tf32 out, or choose a CUDA device.");
        TensorFloat32.IsAllowed = true;
        return device;
    }

    /// <summary>A device that this machine has.</summary>
    /// <param name="device">The device, or null for the CPU.</param>
    /// <exception cref="DitException">It is a CUDA device, and this machine has no such device.</exception>
    public static Device OrCpu(Device? device)
    {
        LibTorch.RequirePrepared();
        if (device is null) return CPU;
        if (device.type == DeviceType.CUDA) RequireCuda(device.index < 0 ? "cuda" : $"cuda:{device.index}", Math.Max(0, device.index));
        return device;
    }

    private static Device Find(string word)
    {
        if (Same(word, "cpu")) return CPU;
        var parts = word.Split(':');
        var index = 0;
        if (!Same(parts[0], "cuda") || parts.Length > 2
            || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new DitException($"There is no device '{word}': it is cpu, cuda or cuda:N, N from 0.");
        RequireCuda(word, index);
        return new Device(DeviceType.CUDA, index);
    }

    private static void RequireCuda(string word, int index)
    {
        if (!cuda.is_available()) throw new DitException($"The device '{word}' cannot be used: this libtorch sees no CUDA device.");
        if (index >= cuda.device_count())
            throw new DitException($"The device '{word}' does not exist: there are {cuda.device_count()} CUDA devices, counted from 0.");
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
