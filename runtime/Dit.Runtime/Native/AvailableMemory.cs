using System.Globalization;

namespace Dit.Runtime;

/// <summary>How much memory this process may still take.</summary>
internal static class AvailableMemory
{
    private const string Groups = "/sys/fs/cgroup";

    /// <summary>
    /// Bytes that are free or can be freed at once, on the machine and in the process's control group; elsewhere than
    /// on Linux, all that the machine has.
    /// </summary>
    public static long Bytes()
    {
        var most = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes; // knows limits of containers, not what is in use
        if (!OperatingSystem.IsLinux()) return most;
        var free = OfMachine(Lines("/proc/meminfo")) ?? most;
        var own = Lines("/proc/self/cgroup")
            .FirstOrDefault(static line => line.StartsWith("0::", StringComparison.Ordinal))
            ?["0::".Length..]
            ?? "/";
        return GroupsAbove(own).Select(static group => OfGroup(group)).OfType<long>().Append(Math.Min(most, free)).Min();
    }

    /// <summary>The line MemAvailable of /proc/meminfo, in bytes.</summary>
    internal static long? OfMachine(IEnumerable<string> lines) =>
        lines
            .FirstOrDefault(static line => line.StartsWith("MemAvailable:", StringComparison.Ordinal))
            ?.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            is [_, var amount, "kB"]
        && long.TryParse(amount, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes * 1024 : null;

    /// <summary>
    /// What a control group (version 2) may still take; file pages that can be dropped do not count as taken. Null
    /// where it has no limit.
    /// </summary>
    internal static long? OfGroup(string folder)
    {
        if (
            Number(Lines(Path.Combine(folder, "memory.max"))) is not { } limit
            || Number(Lines(Path.Combine(folder, "memory.current"))) is not { } taken)
            return null;
        var droppable = Lines(Path.Combine(folder, "memory.stat"))
            .FirstOrDefault(static line => line.StartsWith("inactive_file ", StringComparison.Ordinal));
        return Math.Max(0, limit - taken + (Number([droppable?["inactive_file ".Length..] ?? ""]) ?? 0));
    }

    private static IEnumerable<string> GroupsAbove(string group)
    {
        for (string? part = Path.Join(Groups, group); part is not null && part.Length >= Groups.Length; part = Path.GetDirectoryName(part))
            yield return part;
    }

    private static long? Number(IReadOnlyList<string> lines) =>
        lines is [var line, ..] && long.TryParse(line, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // as where there is no such file
        }
    }
}
