using System.Diagnostics;

namespace Dit.Consumer.Tests;

/// <summary>One compiler for all builds of these tests, already warm for all but the first.</summary>
/// <remarks>
/// A server that a build starts outlives it, keeps its output open, and with it the test waiting. This one is started
/// here, and ends with the tests.
/// </remarks>
internal static class CompilerServer
{
    private static readonly Lazy<string> Started = new(Start);

    /// <summary>The variables with which a build uses it.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Variables =>
        [new("UseSharedCompilation", "true"), new("SharedCompilationId", Started.Value)];

    private static string Start()
    {
        var name = $"dit-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";
        var program = Path.Combine(Built.CompilerFolder, "bincore", "VBCSCompiler.dll");
        var start = new ProcessStartInfo(Shell.DotnetPath, [program, $"-pipename:{name}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var server = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
        AtTheEnd.Do(server.Kill);
        return name;
    }
}
