using System.Runtime.InteropServices;
using System.Text;
using Dit.Cli;

const int FileSizeLimit = 25; // SIGXFSZ, of Linux and macOS

// The first Ctrl-C or SIGTERM asks the command to stop and to keep what is worth keeping; the second one ends the process.
using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
// A file that outgrows ulimit -f is a write that fails, and is said as one; left alone, the signal would end the process. It is kept to the very end, as a signal may come late.
var tooLarge = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create((PosixSignal)FileSizeLimit, static signal => signal.Cancel = true);
if (!Console.IsOutputRedirected) Console.OutputEncoding = Encoding.UTF8;
var code = DitCommand.Run(args, Console.Out, Console.Error, stop.Token, interactive: !Console.IsOutputRedirected);
GC.KeepAlive(tooLarge);
return code;

void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
