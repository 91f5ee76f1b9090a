using System.Runtime.InteropServices;
using System.Text;
using Dit.Benchmarks;

// The first Ctrl-C or SIGTERM asks to stop and to report what was measured; the second one ends the process.
using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
if (!Console.IsOutputRedirected) Console.OutputEncoding = Encoding.UTF8;
return BenchCommand.Run(args, Console.Out, Console.Error, stop.Token);

void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
