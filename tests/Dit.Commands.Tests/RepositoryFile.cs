using System.Reflection;

namespace Dit.Commands.Tests;

/// <summary>
/// Holds a file of the repository to the text that is written from the code. A difference leaves
/// <c>NAME.received.EXTENSION</c> beside it; accepting is renaming received over the file.
/// </summary>
internal static class RepositoryFile
{
    public static void Match(string name, string text)
    {
        var root = typeof(RepositoryFile).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(static a => a.Key == "RepositoryRoot").Value ?? throw new InvalidOperationException("The project says where it is.");
        var file = Path.Combine(root, name);
        var received = Path.Combine(
            Path.GetDirectoryName(file) ?? "", $"{Path.GetFileNameWithoutExtension(file)}.received{Path.GetExtension(file)}");
        if (File.Exists(file) && File.ReadAllText(file).ReplaceLineEndings("\n") == text)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, text);
        Assert.Fail($"{name} is not what the keys say. If {received} is right, rename it over.");
    }
}
