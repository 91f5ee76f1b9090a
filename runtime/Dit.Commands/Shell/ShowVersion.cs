using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace Dit.Commands;

/// <summary>What <c>--version</c> writes: the version of the program that runs, and the commit that it was built from.</summary>
internal sealed class ShowVersion : SynchronousCommandLineAction
{
    private const int Digits = 10; // of the commit's name: as many as the version of a build between releases has

    public override int Invoke(ParseResult parseResult)
    {
        var program = Assembly.GetEntryAssembly() ?? typeof(ShowVersion).Assembly;
        parseResult.InvocationConfiguration.Output.WriteLine(Readable(program.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown"));
        return 0;
    }

    /// <summary>A version as builds write it, with the commit's name as far as people read one.</summary>
    /// <param name="version">Such as <c>0.2.0+1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b</c>.</param>
    /// <returns>Such as <c>0.2.0 (commit 1a2b3c4d5e)</c>; the version alone where it names the commit itself, or where there is none.</returns>
    internal static string Readable(string version) => version.Split('+', 2) switch
    {
        [var number, var commit] when commit.Length >= Digits && !number.Contains(commit[..Digits], StringComparison.Ordinal) => $"{number} (commit {commit[..Digits]})",
        [var number, ..] => number,
        _ => version,
    };
}
