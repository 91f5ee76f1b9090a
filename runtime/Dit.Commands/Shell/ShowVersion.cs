using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Dit.Commands;

/// <summary>
/// What <c>--version</c> writes: the version of the program that runs, and the commit that it was built from.
/// </summary>
internal sealed partial class ShowVersion : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(OfProgram);
        return 0;
    }

    /// <summary>The version of the program that runs.</summary>
    public static string OfProgram
    {
        get
        {
            var program = Assembly.GetEntryAssembly() ?? typeof(ShowVersion).Assembly;
            return Readable(program.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");
        }
    }

    /// <summary>A version as builds write it, with the commit's name as far as people read one.</summary>
    /// <param name="version">Such as <c>0.2.0+1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b</c>.</param>
    /// <returns>
    /// Such as <c>0.2.0 (commit 1a2b3c4d5e)</c>; the version alone where it names the commit itself, or where there is
    /// none.
    /// </returns>
    internal static string Readable(string version)
    {
        var number = version.Split('+')[0];
        var commit = Commit().Match(version).Groups[1].Value;
        return commit.Length == 0 || number.Contains(commit, StringComparison.Ordinal) ? number : $"{number} (commit {commit})";
    }

    // As many digits as the version of a build between releases has.
    [GeneratedRegex(@"\+(?:.*\.)?([0-9a-f]{10})[0-9a-f]{30,54}$")]
    private static partial Regex Commit();
}
