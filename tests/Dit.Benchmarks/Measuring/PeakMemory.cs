using System.Globalization;

namespace Dit.Benchmarks;

/// <summary>The most memory that this process held since the last reset, by Linux.</summary>
internal static class PeakMemory
{
    /// <summary>Starts anew from what is held now (proc(5), <c>clear_refs</c>).</summary>
    public static void Reset()
    {
        try
        {
            if (OperatingSystem.IsLinux()) File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Some containers forbid it: the peak is then the whole run's.
        }
    }

    /// <summary>The peak, in 10^6 bytes; null where the system does not say.</summary>
    public static double? Megabytes() => Field("VmHWM:");

    /// <summary>What is held now, in 10^6 bytes; null where the system does not say.</summary>
    public static double? HeldMegabytes() => Field("VmRSS:");

    private static double? Field(string name)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..]
            ? long.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024 / 1e6
            : null;
    }
}
