using System.Diagnostics;
using System.Text;

namespace Dit.Consumer.Tests;

/// <summary>What a program gave.</summary>
internal sealed record Ran(string Command, int Code, string Out, string Error)
{
    /// <summary>Both streams, as a person sees them.</summary>
    public string All => Out + Error;

    /// <summary>What a program that succeeds writes.</summary>
    public string Succeeds()
    {
        Assert.True(Code == 0, $"{Command} ended with {Code}:\n{All}");
        return Out;
    }

    /// <summary>All that a program that ends with some code writes.</summary>
    public string Fails(int code)
    {
        Assert.True(Code == code, $"{Command} ended with {Code}, not {code}:\n{All}");
        return All;
    }
}

/// <summary>Runs programs as somebody would at a prompt in a folder.</summary>
/// <param name="Folder">The working directory.</param>
/// <param name="Environment">Variables that are set; null removes one.</param>
internal sealed record Shell(string Folder, IReadOnlyDictionary<string, string?> Environment)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15); // a hang is an error, slowness is none

    // What the test runner and MSBuild set for their own children would bend the builds below.
    private static readonly string[] Inherited = ["MSBUILD", "VSTEST", "NUGET_PACKAGES", "DIT_"];

    // Servers that outlive a build would keep its output open, and with it the test waiting: the only one is ours.
    private static readonly Dictionary<string, string?> Quiet = new()
    {
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_CLI_UI_LANGUAGE"] = "en",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
        // Each process is short: it would end before code that is optimized by what was measured pays for the
        // measuring.
        ["DOTNET_TieredPGO"] = "0",
        // libtorch has half a gigabyte, and is not written to.
        ["CreateHardLinksForCopyLocalIfPossible"] = "true",
        ["CreateHardLinksForPublishFilesIfPossible"] = "true",
    };

    public static string DotnetPath => System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    public Shell In(string folder) => this with { Folder = folder };

    public Shell With(string variable, string? value) =>
        this with
        {
            Environment = new Dictionary<string, string?>(Environment) { [variable] = value },
        };

    public Ran Dotnet(params string[] arguments) => Run(DotnetPath, arguments);

    /// <summary>
    /// Builds a project or a solution; restores it only where a project file was edited since the last time.
    /// </summary>
    public Ran Build(params string[] arguments)
    {
        var projects = Directory.GetFiles(Folder, "*.*proj", SearchOption.AllDirectories);
        var isRestored = projects.All(static project =>
            File.GetLastWriteTimeUtc(Path.Combine(Path.GetDirectoryName(project) ?? "", "obj", "project.assets.json"))
            > File.GetLastWriteTimeUtc(project));
        return Dotnet(["build", .. isRestored ? ["--no-restore"] : Array.Empty<string>(), .. arguments]);
    }

    public Ran Run(string program, params string[] arguments)
    {
        using var process = new Process { StartInfo = Start(program, arguments) };
        var (output, error) = (new StringBuilder(), new StringBuilder());
        process.OutputDataReceived += (_, line) => { if (line.Data is not null) output.Append(line.Data).Append('\n'); };
        process.ErrorDataReceived += (_, line) => { if (line.Data is not null) error.Append(line.Data).Append('\n'); };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var command = $"{Path.GetFileName(program)} {string.Join(' ', arguments)}";
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{command} did not end in {Limit.TotalMinutes} minutes:\n{output}{error}");
        }
        process.WaitForExit(); // the rest of the output
        return new(command, process.ExitCode, output.ToString(), error.ToString());
    }

    private ProcessStartInfo Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var name in start
                .Environment.Keys.Where(name => Inherited.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
                .ToArray())
            start.Environment.Remove(name);
        foreach (var (name, value) in Quiet.Concat(CompilerServer.Variables).Concat(Environment))
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        // for programs started by their own name
        if (Path.GetDirectoryName(DotnetPath) is { Length: > 0 } root) start.Environment["DOTNET_ROOT"] = root;
        return start;
    }
}
