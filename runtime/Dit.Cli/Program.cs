using System.Text;
using Dit.Cli;
using Dit.Runtime;

// The first Ctrl-C asks the command to stop and to keep what is worth keeping; the second one ends the process.
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
};
if (!Console.IsOutputRedirected) Console.OutputEncoding = Encoding.UTF8;
try
{
    LibTorch.Load(); // before the models, whose assembly loads it too
}
catch (DitException e)
{
    Console.Error.WriteLine($"dit: {e.Message}");
    return DitCommand.Mistake;
}
return DitCommand.Run(args, Console.Out, Console.Error, stop.Token, interactive: !Console.IsOutputRedirected);
