using System.Diagnostics;
using System.Text;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What a run of git gave.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Bytes">Its output.</param>
/// <param name="Error">The first line of its complaint.</param>
internal sealed record GitResult(int Code, byte[] Bytes, string Error)
{
    /// <summary>Its output as text.</summary>
    public string Out => Encoding.UTF8.GetString(Bytes);
}

/// <summary>Runs git, reading only; no shell, no questions asked.</summary>
/// <param name="folder">The folder to run it in.</param>
/// <param name="cancellation">Ends it.</param>
internal sealed class Git(string folder, CancellationToken cancellation)
{
    /// <summary>Runs one git command.</summary>
    /// <exception cref="DitException">There is no git.</exception>
    public GitResult Run(params IReadOnlyList<string> args)
    {
        using var process = Start(args);
        using var stop = cancellation.Register(() => Kill(process));
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return new(process.ExitCode, output.ToArray(), error.GetAwaiter().GetResult().Trim().Split('\n')[0].Trim());
    }

    private Process Start(IReadOnlyList<string> args)
    {
        var start = new ProcessStartInfo(Program())
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        start.Environment["GIT_TERMINAL_PROMPT"] = "0"; // a partial clone may want to fetch, and nobody is there to answer
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        start.Environment["LC_ALL"] = "C";
        foreach (var arg in args) start.ArgumentList.Add(arg);
        return Process.Start(start) ?? throw new DitException("git did not start.");
    }

    // Looked up here, because starting a program by its bare name may take one that lies in the current folder.
    private static string Program() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Where(Path.IsPathFullyQualified)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "git.exe" : "git"))
        .FirstOrDefault(File.Exists)
        ?? throw new DitException("git is not on the PATH, and revisions cannot be read without it; compare two files, or install git.");

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }
}
