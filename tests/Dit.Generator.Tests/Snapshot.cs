using DiffEngine;
using DiffPlex.DiffBuilder;
using DiffPlex.DiffBuilder.Model;

namespace Dit.Generator.Tests;

/// <summary>
/// Compares a text with <c>snapshots/NAME.verified.EXTENSION</c>. A difference leaves <c>NAME.received.EXTENSION</c> beside it, fails with the
/// lines that differ, and on a developer's machine opens the diff tool; accepting is renaming received to verified.
/// </summary>
internal static class Snapshot
{
    public static void Match(string name, string extension, string text) => Match(Path.Combine(Repository.Root, "snapshots"), name, extension, text);

    internal static void Match(string folder, string name, string extension, string text)
    {
        var verified = Path.Combine(folder, $"{name}.verified.{extension}");
        var received = Path.Combine(folder, $"{name}.received.{extension}");
        var wanted = File.Exists(verified) ? File.ReadAllText(verified).Replace("\r\n", "\n") : null;
        if (wanted == text)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, text);
        if (!BuildServerDetector.Detected && Environment.GetEnvironmentVariable("CI") is null)
            DiffRunner.Launch(received, verified);
        Assert.Fail(wanted is null
            ? $"There is no {verified} yet. If {received} is right, rename it."
            : $"{verified} does not match. If {received} is right, rename it over.\n{Differences(wanted, text)}");
    }

    /// <summary>The lines that differ, with two lines around each, signed - for verified and + for received.</summary>
    internal static string Differences(string wanted, string given)
    {
        var lines = InlineDiffBuilder.Diff(wanted, given).Lines;
        var near = Enumerable.Range(0, lines.Count)
            .Where(i => Enumerable.Range(Math.Max(0, i - 2), Math.Min(lines.Count, i + 3) - Math.Max(0, i - 2)).Any(j => lines[j].Type != ChangeType.Unchanged))
            .ToList();
        return string.Join("\n", near.Select((i, at) => (at > 0 && near[at - 1] != i - 1 ? "...\n" : "") + Sign(lines[i].Type) + lines[i].Text));
    }

    private static string Sign(ChangeType type) => type switch
    {
        ChangeType.Inserted => "+ ",
        ChangeType.Deleted => "- ",
        _ => "  ",
    };
}
