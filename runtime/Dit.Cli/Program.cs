using System.Runtime.InteropServices;
using System.Text;
using Dit.Cli;

// The first Ctrl-C, SIGTERM or SIGHUP (the terminal was closed) asks the command to stop and to keep what is worth keeping; the second one ends the process.
using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
if (!Console.IsOutputRedirected) Console.OutputEncoding = Encoding.UTF8;
return DitCommand.Run(args, Console.Out, Console.Error, stop.Token, interactive: !Console.IsOutputRedirected);

void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
