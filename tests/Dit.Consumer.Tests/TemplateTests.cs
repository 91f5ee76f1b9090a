using System.Text.Json;

namespace Dit.Consumer.Tests;

public sealed class TemplateTests(Packed packed) : IClassFixture<Packed>
{
    [Fact]
    public void The_template_is_a_program_with_every_command_tests_and_snapshots()
    {
        var project = Make("my-model");
        Assert.Equal(
            [
                ".gitattributes",
                ".github/workflows/models.yml",
                ".gitignore",
                "Program.cs",
                "Properties/launchSettings.json",
                "README.md",
                "dit.schema.json",
                "model.dit.yaml",
                "my-model.csproj",
                "tests/my-model.Tests/ModelTests.cs", "tests/my-model.Tests/my-model.Tests.csproj"],
            Files(project));
        Assert.Equal("using Dit.Commands;\nusing Models;\n\nreturn await DitTool.Run(args, DitModels.All);\n", Read(project, "Program.cs"));
        Assert.Contains("model: MyModel\n", Read(project, "model.dit.yaml"), StringComparison.Ordinal);
        Assert.Contains(
            "run: dotnet test \"tests/my-model.Tests\"\n", Read(project, ".github/workflows/models.yml"), StringComparison.Ordinal);

        project.Build("-t:DitAcceptSnapshots").Succeeds();
        Assert.Equal(
            ["DitModels.g.verified.cs", "MyModel.g.verified.cs", "models.verified.md"],
            Files(project.In(Path.Combine(project.Folder, "snapshots"))));
        project.With("CI", "true").Build().Succeeds();

        // Its commands, by the profile that trains where nothing is said.
        string[] run = ["run", "--no-build", "--"];
        project.Dotnet([.. run, "data", "shapes", "--out", "data", "--count", "40"]).Succeeds();
        Assert.Contains(
            "my-model: There is no model 'x'; 'my-model models' lists them",
            project.Dotnet([.. run, "sample", "--model", "x"]).Fails(2),
            StringComparison.Ordinal);
        var words = ProfileWords(project);
        Assert.Equal(["train", "--data", "data"], words[..3]);
        project.Dotnet([.. run, .. words, "--steps", "2"]).Succeeds();
        project.Dotnet([.. run, "sample", "-c", "run/weights.safetensors", "--count", "4"]).Succeeds();
        var (width, height) = project.Picture("samples.png");
        Assert.InRange(width, 4 * 98, 1000);      // four images of 96 pixels and the names of the classes
        Assert.Equal(10 * 98 + 2, height);

        // Its tests: a snapshot of the tensors that weights must have.
        var tests = Path.Combine("tests", "my-model.Tests");
        Assert.Contains(
            "ModelTests.Trained_weights_still_load.verified.txt", project.Dotnet("test", tests).Fails(1), StringComparison.Ordinal);
        File.Move(
            Path.Combine(project.Folder, tests, "ModelTests.Trained_weights_still_load.received.txt"),
            Path.Combine(project.Folder, tests, "ModelTests.Trained_weights_still_load.verified.txt"));
        project.With("CI", "true").Dotnet("test", tests).Succeeds();
    }

    [Theory]
    [InlineData(
        "--size 28 --channels 1 --classes 3 --data /my/digits", "channels: 1, size: 28", "{ classes: 3, dropout: 0.1 }", "patch_size: 4",
        "/my/digits")]
    [InlineData("--size 64 --classes 0", "channels: 3, size: 64", "conditioning: none", "patch_size: 8", "data")]
    [InlineData("--size 90", "channels: 3, size: 90", "{ classes: 10, dropout: 0.1 }", "patch_size: 2", "data")]
    [InlineData("--size 45", "channels: 3, size: 45", "{ classes: 10, dropout: 0.1 }", "patch_size: 5", "data")]
    public void The_images_that_the_template_is_told_of_are_those_of_the_spec(
        string options,
        string input,
        string conditioning,
        string patch,
        string data)
    {
        var project = Make("Digits", options.Split(' '));
        var spec = Read(project, "model.dit.yaml");
        Assert.Contains(input, spec, StringComparison.Ordinal);
        Assert.Contains(conditioning, spec, StringComparison.Ordinal);
        Assert.Contains(patch, spec, StringComparison.Ordinal);
        Assert.Equal(data, ProfileWords(project)[2]);
        project.Build("-p:DitSnapshotsSeverity=none").Succeeds();
    }

    private Shell Make(string name, params string[] options)
    {
        var folder = packed.EmptyFolder($"template-{Guid.NewGuid():N}");
        folder.Dotnet(["new", "dit-model", "--output", name, .. options, "--debug:custom-hive", packed.TemplateHive]).Succeeds();
        return folder.In(Path.Combine(folder.Folder, name));
    }

    private static string Read(Shell project, string name) => File.ReadAllText(Path.Combine(project.Folder, name)).ReplaceLineEndings("\n");

    private static string[] ProfileWords(Shell project)
    {
        using var settings = JsonDocument.Parse(Read(project, "Properties/launchSettings.json"));
        return settings
            .RootElement.GetProperty("profiles")
            .GetProperty("train")
            .GetProperty("commandLineArgs")
            .GetString()
            ?.Split(' ')
            .Select(static word => word.Trim('"'))
            .ToArray()
            ?? [];
    }

    private static IEnumerable<string> Files(Shell folder) => Directory.EnumerateFiles(folder.Folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder.Folder, file).Replace('\\', '/'))
        .Where(static file => !file.Split('/').Any(static part => part is "bin" or "obj"))
        .Order(StringComparer.Ordinal);
}
