using System.Runtime.InteropServices;

namespace Dit.Benchmarks;

/// <summary>glibc's allocator, which both sides share.</summary>
/// <remarks>
/// By default it returns large blocks to the system as soon as they are free, and a forward pass then spends its time
/// on page faults. Kept instead, they make the baseline a fifth faster, so ratios are given with them kept.
/// </remarks>
internal static class Malloc
{
    private const int TrimThreshold = -1, TopPad = -2, MmapThreshold = -3; // malloc.h
    private const int MiB = 1 << 20;

    /// <summary>
    /// Has freed memory kept: blocks up to 32 MiB (the most that glibc allows) come from the heap, and the heap does
    /// not shrink.
    /// </summary>
    /// <returns>Whether there is a glibc that does so.</returns>
    public static bool Tune() => Call(static () =>
        SetOption(MmapThreshold, 32 * MiB) != 0 & SetOption(TrimThreshold, int.MaxValue) != 0 & SetOption(TopPad, 128 * MiB) != 0);

    /// <summary>Returns what is free to the system, so that the next peak is not the last one's.</summary>
    public static void Trim() => Call(static () => ReleaseFree(0) != 0);

    private static bool Call(Func<bool> call)
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return call();
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false; // another C library
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(int option, int value);

    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReleaseFree(nuint keep);
}
