using System.Reflection;
using System.Runtime.CompilerServices;
using DiffEngine;
using Dit.Snapshots;
using Dit.Spec;

namespace Dit.Testing;

/// <summary>
/// Texts compared with files that are committed, in Verify's conventions, so that its tools open them.
/// </summary>
public static class Snapshot
{
    private const int MostLines = 60;

    /// <summary>
    /// Compares a text with <c>TestClassFile.TestMethod.verified.EXTENSION</c> beside the source of the test. A
    /// difference leaves <c>*.received.EXTENSION</c> there, and opens a diff tool on a desk; accepting is renaming
    /// received to verified. A match removes the received file.
    /// </summary>
    /// <param name="text">What the test made. Line ends of Windows count as <c>\n</c>, in the file too.</param>
    /// <param name="name">
    /// A name in place of that of the file and method, as a theory needs, or a path relative to the source of the test:
    /// <c>../snapshots/models</c>.
    /// </param>
    /// <param name="extension">What the text is, without a dot: <c>md</c>, <c>cs</c>, <c>json</c>.</param>
    /// <param name="source">The compiler fills it in.</param>
    /// <param name="member">The compiler fills it in.</param>
    /// <exception cref="DitTestException">
    /// They differ, or there is no such file yet; the message has the lines that differ.
    /// </exception>
    [MethodImpl(MethodImplOptions.NoInlining)] // the calling assembly is asked for
    public static void Verify(
        string text,
        string? name = null,
        string extension = "txt",
        [CallerFilePath] string source = "",
        [CallerMemberName] string member = "")
    {
        ArgumentNullException.ThrowIfNull(text);
        var path = SourcePlace.Resolve(source, Assembly.GetCallingAssembly(), Checked(name) ?? $"{FileName(source)}.{member}");
        var file = new SnapshotFile(Path.GetDirectoryName(path) ?? "", Path.GetFileName(path), extension.TrimStart('.'));
        Verify(file, SnapshotFile.Normal(text));
    }

    private static void Verify(SnapshotFile file, string text)
    {
        var verified = file.Read();
        if (verified == text)
        {
            file.Forget();
            return;
        }
        file.Receive(text);
        if (!IsBuildServer) DiffRunner.Launch(file.Received, file.Verified);
        throw new DitTestException(verified is null
            ? $"There is no snapshot {file.Verified} yet. The text of this test is in {file.Received}: "
                + $"if it is right, rename it to {Path.GetFileName(file.Verified)} and commit it."
            : string.Join("\n",
            [
                .. (ModelTable.Changes(verified, text) ?? []).Select(static line => line + "."),
                $"The text of this test differs from its snapshot {file.Verified}. If it is right, rename {file.Received} over it.",
                .. Excerpt(verified, text),
            ]));
    }

    // Diff tools have windows, and nobody closes those of a build server.
    private static bool IsBuildServer => BuildServerDetector.Detected || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI"));

    private static IEnumerable<string> Excerpt(string verified, string text)
    {
        var (shown, left) = LineDiff.Between(verified, text).Excerpt(most: MostLines);
        if (shown.Count == 0) return ["They differ in the end of the last line only."];
        return left == 0 ? shown : [.. shown, $"... and {left} more {(left == 1 ? "line differs" : "lines differ")}."];
    }

    private static string FileName(string source) => Path.GetFileNameWithoutExtension(source[(source.LastIndexOfAny(['/', '\\']) + 1)..]);

    private static string? Checked(string? name)
    {
        if (name is null) return null;
        var file = Path.GetFileName(name);
        return file.Length > 0 && file.IndexOfAny(Path.GetInvalidFileNameChars()) < 0
            ? name
            : throw new DitTestException($"'{name}' is no name of a snapshot: a file has to be called so.");
    }
}
