using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dit.Checkpoints;

/// <summary>Has Linux put pages under memory that is about to be filled for the first time.</summary>
/// <remarks>
/// Written page by page, a model's parameters cost a page fault every 4 KiB, and these take longer than copying a
/// checkpoint out of the system's cache: asking for a whole piece at once (<c>madvise</c> with
/// <c>MADV_POPULATE_WRITE</c>, Linux 5.14) saves a quarter of the time of a load. No content changes. Where the request
/// is not known it is not made again, and the pages come one by one as ever. Huge pages would save more, and now and
/// then cost several times as much: where memory is in pieces, the system moves it about to make one.
/// </remarks>
internal static class FreshMemory
{
    private const int PopulateWrite = 23;

    private static bool unavailable = !OperatingSystem.IsLinux();

    /// <summary>Asks for the whole pages of <paramref name="memory"/>, which is outside the managed heap.</summary>
    public static void Populate(Span<byte> memory)
    {
        if (unavailable)
            return;
        long page = Environment.SystemPageSize;
        long start = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(memory));
        var (first, end) = ((start + page - 1) / page * page, (start + memory.Length) / page * page);
        if (first < end)
            unavailable = !TryAdvise((nint)first, (nuint)(end - first));
    }

    private static bool TryAdvise(nint address, nuint length)
    {
        try
        {
            return MemoryAdvise(address, length, PopulateWrite) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MemoryAdvise(nint address, nuint length, int advice);
}
