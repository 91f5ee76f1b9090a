using System.CommandLine;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Running;
using Dit.Benchmarks;
using Dit.Runtime;

// The first Ctrl-C ends after the round at hand, and shows what there is; the second one ends the process.
using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
{
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
});

var kernels = new Command("kernels", "Times single kernels by BenchmarkDotNet; takes its arguments, such as --filter '*'.") { TreatUnmatchedTokensAsErrors = false };
kernels.SetAction(parsed => BenchmarkSwitcher.FromAssembly(typeof(KernelBenchmarks).Assembly).Run([.. parsed.UnmatchedTokens]).Any() ? 0 : 2);
var root = new RootCommand("Benchmarks of Dit.Gen.") { CompareCommand.Create(stop.Token), kernels };
try
{
    LibTorch.Load();
    var parsed = root.Parse(args);
    if (parsed.Errors.Count == 0) return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    foreach (var error in parsed.Errors) Console.Error.WriteLine(error.Message);
    return 2;
}
catch (DitException mistake)
{
    Console.Error.WriteLine(mistake.Message);
    return 2;
}
