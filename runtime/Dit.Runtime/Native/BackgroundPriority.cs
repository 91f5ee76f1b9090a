using System.Runtime.InteropServices;

namespace Dit.Runtime;

/// <summary>The priority of threads that work ahead: they leave the cores to the thread that is waited for.</summary>
internal static partial class BackgroundPriority
{
    private const int OneThread = 0, Caller = 0; // PRIO_PROCESS, which on Linux is a thread
    private const int Lower = 10, Lowest = 19; // of nice

    /// <summary>
    /// Lowers the priority of the calling thread, which should be one of one's own: without rights it cannot be raised
    /// again. On macOS it stays.
    /// </summary>
    public static void Take()
    {
        if (OperatingSystem.IsWindows()) Thread.CurrentThread.Priority = ThreadPriority.BelowNormal; // .NET sets it on Windows only
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = SetPriority(OneThread, Caller, Math.Min(Lowest, GetPriority(OneThread, Caller) + Lower));
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // It is about speed only.
        }
    }

    [LibraryImport("libc", EntryPoint = "getpriority")]
    private static partial int GetPriority(int which, int who);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}
