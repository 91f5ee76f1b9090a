namespace Dit.Consumer.Tests;

[Collection(WithPackages.Name)]
public sealed class TemplateTests(Packed packed)
{
    [Fact]
    public void The_template_is_a_program_that_trains_and_draws()
    {
        var folder = packed.EmptyFolder("template");
        string[] hive = ["--debug:custom-hive", Path.Combine(folder.Folder, "hive")]; // the user's templates stay as they are
        folder.Dotnet(["new", "install", Path.Combine(packed.Feed, $"Dit.Templates.{packed.Version}.nupkg"), .. hive]).Succeeds();
        folder.Dotnet(["new", "dit-model", "--output", "my-model", .. hive]).Succeeds();

        var project = folder.In(Path.Combine(folder.Folder, "my-model"));
        Assert.Equal(["Program.cs", "my-model.csproj", "shapes.dit.yaml"], Directory.EnumerateFiles(project.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var written = project.Dotnet("run", "--", "2").Succeeds();
        Assert.Contains("step 2 of 2: loss ", written, StringComparison.Ordinal);
        var (width, height) = project.Picture("samples.png");
        Assert.InRange(width, 4 * 98, 1000);      // four images of 96 pixels and the names of the classes
        Assert.Equal(10 * 98 + 2, height);
    }
}
