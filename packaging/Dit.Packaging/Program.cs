namespace Dit.Packaging;

/// <summary>Writes the texts that go into a package. The build calls it (Packages.targets).</summary>
internal static class Program
{
    private const string Usage = """
        Dit.Packaging docs ASSEMBLY XML REFERENCES OUT
        Dit.Packaging texts README CHANGELOG ROOT VERSION [REPOSITORY COMMIT] OUT-README OUT-NOTES
        """;

    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["docs", var assembly, var xml, var references, var output]:
                var docs = PublicDocs.Of(assembly, xml, File.ReadAllLines(references));
                foreach (var problem in docs.Problems)
                    Console.Error.WriteLine($"{xml} : error DITDOC: {problem}"); // the form of an error that MSBuild shows as one
                Write(output, docs.Xml);
                return docs.Problems.Count == 0 ? 0 : 1;
            case ["texts", var readme, var changelog, var root, var version, .. var source, var outReadme, var outNotes]
                when source.Length is 0 or 2:
                var repository = source is [var address, var commit] ? new Repository(address, commit) : null;
                Write(outReadme, PackageReadme.Of(File.ReadAllText(readme), Path.GetRelativePath(root, readme), version, repository));
                Write(outNotes, ReleaseNotes.Of(File.ReadAllText(changelog), version, repository));
                return 0;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    /// <summary>A file with the same text keeps its date, so that what is made of it is not made again.</summary>
    private static void Write(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text) return;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".");
        File.WriteAllText(path, text);
    }
}
