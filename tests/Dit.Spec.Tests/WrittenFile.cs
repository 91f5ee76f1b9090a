using DiffPlex.DiffBuilder;
using DiffPlex.DiffBuilder.Model;

namespace Dit.Spec.Tests;

/// <summary>
/// Holds a file of the repository to the text that is written from the code. A difference leaves
/// <c>NAME.received.EXTENSION</c> beside it and fails with the lines that differ; accepting is renaming received over
/// the file.
/// </summary>
internal static class WrittenFile
{
    public static void Match(string path, string text)
    {
        var file = Path.Combine(Specs.RepositoryRoot, path);
        var received = Path.Combine(
            Path.GetDirectoryName(file) ?? "",
            $"{Path.GetFileNameWithoutExtension(file)}.received{Path.GetExtension(file)}");
        var wanted = File.Exists(file) ? File.ReadAllText(file).Replace("\r\n", "\n") : "";
        if (wanted == text)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, text);
        Assert.Fail($"{path} is not what the keys say. If {received} is right, rename it over.\n{Differences(wanted, text)}");
    }

    private static string Differences(string wanted, string given) => string.Join("\n", InlineDiffBuilder.Diff(wanted, given).Lines
        .Where(static line => line.Type != ChangeType.Unchanged)
        .Select(static line => (line.Type == ChangeType.Inserted ? "+ " : "- ") + line.Text));
}
