namespace Dit.Consumer.Tests;

/// <summary>A project that keeps snapshots, in the situations that builds get into.</summary>
public sealed class SnapshotTests(Packed packed) : IClassFixture<Packed>
{
    private const string Accept = "dotnet build -t:DitAcceptSnapshots";

    [Fact]
    public void A_build_tells_what_differs_until_it_is_accepted_and_nothing_else()
    {
        var folder = Project("snapshot folder größer", "<DitSnapshots>snapshots</DitSnapshots>"); // with a space and letters of German
        Assert.StartsWith(
            "warning DIT904: There are no snapshots in the folder 'snapshots' yet.",
            Build(folder).Told()[0],
            StringComparison.Ordinal);
        Assert.Equal(["DitModels.g.received.cs", "Tiny.g.received.cs", "models.received.md"], Files(folder));
        Assert.Equal(
            ["added snapshots/DitModels.g.verified.cs", "added snapshots/Tiny.g.verified.cs", "added snapshots/models.verified.md"],
            Accepted(folder));
        Assert.Equal(["DitModels.g.verified.cs", "Tiny.g.verified.cs", "models.verified.md"], Files(folder));
        Assert.Equal(["nothing to accept: the 3 snapshots in snapshots are what the build generates"], Accepted(folder));

        // The compiler has nothing to do, comments are added, the checkout is one of Windows: all is as it was.
        Agrees(folder);
        folder.Write(
            "tiny.dit.yaml",
            "# A comment.\n\n" + ConsumerProject.Spec.Replace("depth: 2\nwidth: 32", "width:   32 # narrow\ndepth: 2"));
        Agrees(folder);
        foreach (var file in Files(folder)) Edit(folder, file, static text => text.Replace("\n", "\r\n"));
        Agrees(folder);

        // A change: a warning here, though warnings are errors in this project, and an error on a server.
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec.Replace("width: 32", "width: 48"));
        Assert.Equal(
            "warning DIT904: Tiny: width 32 -> 48; 53,232 -> 109,776 parameters; old checkpoints do not load.",
            Changed(Build(folder)));
        Assert.Equal(
            ["DitModels.g.verified.cs", "Tiny.g.received.cs", "Tiny.g.verified.cs", "models.received.md", "models.verified.md"],
            Files(folder));
        var told = Build(folder.OnAServer(), 1).Told();
        Assert.Contains("error DIT904: - width: 32", told);
        Assert.Contains("error DIT904: + width: 48", told);
        Assert.Equal(
            $"error DIT904: 2 snapshots in 'snapshots' differ from what the build generates now. If this is meant, run: {Accept}",
            told[1]);
        Assert.Equal(
            "error DIT904: Tiny: width 32 -> 48; 53,232 -> 109,776 parameters; old checkpoints do not load.",
            Changed(Build(folder, 1, "-p:ContinuousIntegrationBuild=true")));
        Assert.Empty(Build(folder.OnAServer(), 0, "-p:DitSnapshotsSeverity=none").Told());
        Assert.StartsWith("warning", Build(folder.OnAServer(), 0, "-p:DitSnapshotsSeverity=warning").Told()[0], StringComparison.Ordinal);
        Assert.Equal(
            ["error DIT904: DitSnapshotsSeverity is 'fatal'; it can be error, warning or none."],
            Build(folder, 1, "-p:DitSnapshotsSeverity=fatal").Told());

        // A checkout that cannot be written to, as far as it shows here: the name is taken by a folder. The difference
        // is told all the same.
        File.Delete(Path.Combine(folder.Folder, "snapshots", "models.received.md"));
        folder.Write("snapshots/models.received.md/taken", "");
        told = Build(folder.OnAServer(), 1).Told();
        Assert.StartsWith("error DIT904: Tiny: width 32 -> 48;", told[0], StringComparison.Ordinal);
        Assert.StartsWith("error DIT904: The new files could not be written beside it: ", told[^1], StringComparison.Ordinal);
        Directory.Delete(Path.Combine(folder.Folder, "snapshots", "models.received.md"), recursive: true);

        // Back again: what was received goes.
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec);
        Agrees(folder);
        Assert.Equal(["DitModels.g.verified.cs", "Tiny.g.verified.cs", "models.verified.md"], Files(folder));
    }

    [Fact]
    public void Models_come_go_and_get_other_names_and_nothing_else_is_removed()
    {
        var folder = Project("snapshot-models", "<DitSnapshots>snapshots</DitSnapshots>");
        folder.Write("other.dit.yaml", ConsumerProject.Spec.Replace("Tiny", "Other"));
        folder.Write("snapshots/Mine.g.verified.cs", "// Of a generator of mine.\n");
        folder.Write("snapshots/notes.md", "Notes.\n");
        Accepted(folder);
        Agrees(folder);

        // Removed: its generated file lingers in obj, and is not compared.
        File.Delete(Path.Combine(folder.Folder, "other.dit.yaml"));
        var removed = Build(folder.OnAServer(), 1).Told();
        Assert.Equal("error DIT904: Other is removed: its checkpoints have no model any more.", Changed(removed));
        Assert.Contains(
            "error DIT904: The folder 'snapshots' has 1 snapshot of what the build no longer generates, as when a model is removed: "
                + "Other.g.verified.cs. "
                + $"If it is meant to go, run: {Accept}",
            removed);
        Assert.Equal(
            ["removed snapshots/Other.g.verified.cs", "updated snapshots/DitModels.g.verified.cs", "updated snapshots/models.verified.md"],
            Accepted(folder));
        Agrees(folder);

        // Renamed.
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec.Replace("Tiny", "Small"));
        var renamed = Build(folder).Told();
        Assert.Equal("warning DIT904: Tiny is renamed Small; old checkpoints load as they are.", Changed(renamed));
        Assert.Contains(renamed, static line => line.StartsWith(
            "warning DIT904: The build generates 1 file that has no snapshot in 'snapshots', as for a new model: Small.g.verified.cs.",
            StringComparison.Ordinal));
        Assert.Contains(renamed, static line => line.StartsWith(
            "warning DIT904: The folder 'snapshots' has 1 snapshot of what the build no longer generates, as when a model is removed: "
                + "Tiny.g.verified.cs.",
            StringComparison.Ordinal));
        Accepted(folder);
        Agrees(folder);
        Assert.Equal(
            ["DitModels.g.verified.cs", "Mine.g.verified.cs", "Small.g.verified.cs", "models.verified.md", "notes.md"],
            Files(folder));

        // A mistake in a spec is the compiler's to report, and accepts nothing.
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec.Replace("width: 32", "width: 30"));
        Assert.Empty(Build(folder, 1, "-t:DitAcceptSnapshots").Told());
        Assert.Equal(
            ["DitModels.g.verified.cs", "Mine.g.verified.cs", "Small.g.verified.cs", "models.verified.md", "notes.md"],
            Files(folder));
    }

    [Fact]
    public void Other_builds_compare_too_each_with_the_command_that_is_right_there()
    {
        var folder = Project("snapshot-builds/Models", "<DitSnapshots>snapshots</DitSnapshots>");
        var above = folder.In(Path.GetDirectoryName(folder.Folder) ?? "");
        above.Write(
            "Library/Library.csproj",
            ConsumerProject.File("Library", """<ProjectReference Include="../Models/Consumer.csproj" />"""));
        above.Dotnet("new", "sln", "--name", "All").Succeeds();
        above.Dotnet("sln", "add", "Models/Consumer.csproj", "Library/Library.csproj").Succeeds();
        Accepted(folder);
        Assert.Empty(Build(above.OnAServer()).Told());

        folder.Write("tiny.dit.yaml", ConsumerProject.Spec.Replace("heads: 4", "heads: 8"));
        const string means = "error DIT904: Tiny: heads 4 -> 8; old checkpoints load, but mean something else.";
        var told = Build(above.OnAServer(), 1).Told();
        Assert.Equal(means, Changed(told));
        Assert.EndsWith($"run: {Accept} Models/Consumer.csproj", told[1], StringComparison.Ordinal);
        Assert.Equal(means, Changed(folder.OnAServer().Dotnet("pack", "--verbosity", "quiet").Fails(1)));
        Assert.Equal(means, Changed(folder.OnAServer().Dotnet("publish", "--verbosity", "quiet").Fails(1)));

        // Files of the compiler where the project wants them, and files that are gone.
        Accepted(folder);
        Assert.Empty(
            Build(folder.OnAServer(), 0, "-p:EmitCompilerGeneratedFiles=true", "-p:CompilerGeneratedFilesOutputPath=obj/own").Told());
        Assert.True(File.Exists(Path.Combine(folder.Folder, "obj", "own", "Dit.Generator", "Dit.Generator.DitGenerator", "Tiny.g.cs")));
        Agrees(folder);
        Directory.Delete(Path.Combine(folder.Folder, "obj", "Debug", "net10.0", "generated"), recursive: true);
        Agrees(folder);

        // A build of an editor compiles nothing, and compares nothing.
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec);
        Assert.Empty(
            folder
                .OnAServer()
                .Dotnet(
                    "msbuild", "-t:Compile", "-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true",
                    "-v:q")
                .Told());

        // Several frameworks share the files.
        Edit(folder, "../Consumer.csproj", static text =>
            text.Replace("<TargetFramework>net10.0</TargetFramework>", "<TargetFrameworks>net10.0</TargetFrameworks>"));
        told = Build(folder.OnAServer(), 1).Told();
        Assert.EndsWith($"run: {Accept} -f net10.0", told[1], StringComparison.Ordinal);
        folder.AtADesk().Build("-t:DitAcceptSnapshots", "-f", "net10.0").Succeeds();
        Agrees(folder);
    }

    [Fact]
    public void A_project_without_the_property_compares_nothing_and_says_how_to_begin()
    {
        var folder = Project("snapshot-none", "");
        Assert.Empty(Build(folder.OnAServer()).Told());
        Assert.False(Directory.Exists(Path.Combine(folder.Folder, "obj", "Debug", "net10.0", "generated")));
        Assert.Equal(
            ["error DIT904: This project keeps no snapshots. Name a folder for them in a PropertyGroup of the project: <DitSnapshots>snapshots</DitSnapshots>"],
            Build(folder, 1, "-t:DitAcceptSnapshots").Told());
        folder.Write("taken", "A file.");
        Assert.Equal(
            ["error DIT904: DitSnapshots names a folder, such as 'snapshots', and 'taken' is a file."],
            Build(folder, 1, "-p:DitSnapshots=taken").Told());
    }

    private Shell Project(string name, string property)
    {
        var folder = packed.EmptyFolder(name);
        folder.Write(
            "Consumer.csproj",
            ConsumerProject
                .File("Library", ConsumerProject.Packages(packed.Version))
                .Replace("<ImplicitUsings>", property + "<ImplicitUsings>"));
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec);
        return folder.AtADesk();
    }

    private static Ran Build(Shell folder, int code = 0, params string[] more)
    {
        var ran = folder.Build(["--verbosity", "quiet", .. more]);
        ran.Fails(code);
        return ran;
    }

    private static void Agrees(Shell folder) => Assert.DoesNotContain("warning ", Build(folder.OnAServer()).All, StringComparison.Ordinal);

    private static string[] Accepted(Shell folder) =>
    [
        .. folder.Build("-t:DitAcceptSnapshots").Succeeds().Split('\n').Select(static line => line.Trim())
            .Where(static line => line.Split(' ')[0] is "added" or "updated" or "removed" or "nothing").Order(StringComparer.Ordinal),
    ];

    private static string Changed(Ran ran) => Changed(ran.Told());

    private static string Changed(string all) => Changed(all.Told());

    private static string Changed(IReadOnlyList<string> told) => told[0];

    private static void Edit(Shell folder, string file, Func<string, string> edit)
    {
        var path = Path.Combine(folder.Folder, "snapshots", file);
        File.WriteAllText(path, edit(File.ReadAllText(path)));
    }

    private static string[] Files(Shell folder) =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(folder.Folder, "snapshots"))
                .Select(Path.GetFileName)
                .OfType<string>()
                .Order(StringComparer.Ordinal),
        ];
}
