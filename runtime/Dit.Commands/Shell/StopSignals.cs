using System.Runtime.InteropServices;

namespace Dit.Commands;

/// <summary>Signals that ask the process to end, as one token.</summary>
/// <remarks>
/// The first Ctrl-C, SIGTERM or SIGHUP (the terminal was closed) asks the command to stop and to keep what is worth
/// keeping; the second one ends the process.
/// </remarks>
internal sealed class StopSignals : IDisposable
{
    private const int FileSizeLimit = 25; // SIGXFSZ, of Linux and macOS

    // A file that outgrows ulimit -f is a write that fails, and is said as one; left alone, the signal would end the
    // process. It is never given up, as a signal may come late.
    private static readonly PosixSignalRegistration? TooLarge = OperatingSystem.IsWindows()
        ? null
        : PosixSignalRegistration.Create((PosixSignal)FileSizeLimit, static signal => signal.Cancel = true);

    private readonly CancellationTokenSource stop;
    private readonly PosixSignalRegistration[] registrations;

    /// <summary>Listens until it is disposed of.</summary>
    /// <param name="other">Asks to stop as well.</param>
    public StopSignals(CancellationToken other)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(other);
        registrations =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal =>
                PosixSignalRegistration.Create(signal, Stop)),
        ];
        GC.KeepAlive(TooLarge);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        stop.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}
