using Dit.Spec;
using Dit.Testing;
using Specs = Dit.Testing.Spec; // in the namespace Dit, Spec is another namespace

namespace Dit.Generator.Tests;

/// <summary>The package Dit.Testing: specs read from the source of a test.</summary>
public sealed class SpecReadingTests : IDisposable
{
    private const string Definitions = "../../../definitions";

    private const string Wrong =
        "model: Wrong\ndepth: 0\nwidth: 30\nheads: 4\npatch_size: 2\ninput: { channels: 3, size: 4 }\nconditioning: { classes: 2 }\n";

    private readonly string folder = Directory.CreateTempSubdirectory("dit-specs-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Paths_count_from_the_source_of_the_test()
    {
        var shapes = Specs.Model($"{Definitions}/shapes.dit.yaml");
        Assert.Equal(("Shapes", 2_037_312), (shapes.Name, LayoutTotals.Of(ModelLayout.Of(shapes)).Parameters));
        Assert.Equal(shapes, Assert.Single(Specs.Read($"{Definitions}/shapes.dit.yaml").Models).Spec);
        Assert.Equal(
            ["DiT-XL/2", "DiT-XL/2"],
            new[] { Specs.Model(Definitions, "DiT-XL/2"), Specs.Model(Definitions, "DiTXL2") }.Select(static model => model.Name));
        Assert.Equal(
            Repository
                .Definitions.SelectMany(static file => SpecFile.Parse(file.GetText().ToString()).Models)
                .Select(static model => model.Spec),
            Specs.Models(Definitions));
    }

    [Fact]
    public void Errors_are_values_or_one_message_with_them_all()
    {
        var path = Write("wrong.dit.yaml", Wrong);
        Assert.Contains("DIT007", Specs.Read(path).Errors.Select(static error => error.Rule.Id));
        var told = Assert.Throws<DitTestException>(() => Specs.Models(folder)).Message.Split('\n');
        Assert.Equal(Specs.Read(path).Errors.Count, told.Length);
        Assert.All(told, line => Assert.StartsWith(path + "(", line, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        var gone = Path.Combine(folder, "gone.dit.yaml");
        Assert.Equal($"There is no spec {gone}.", Assert.Throws<DitTestException>(() => Specs.Read(gone)).Message);
        Assert.Equal(
            $"There is no spec (*.dit.yaml) in the folder {folder}.",
            Assert.Throws<DitTestException>(() => Specs.Models(folder)).Message);
        var shipped = Path.Combine(Repository.Root, "definitions");
        Assert.StartsWith(
            $"'{shipped}' holds 46 models; name one of them: DiT-S/2, ",
            Assert.Throws<DitTestException>(() => Specs.Model(shipped)).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            $"'{shipped}' holds no model 'Shape'; there is: DiT-S/2, ",
            Assert.Throws<DitTestException>(() => Specs.Model(shipped, "Shape")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Copies_in_build_outputs_are_not_read_and_two_models_of_one_class_are_an_error()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "definitions", "shapes.dit.yaml"));
        Write("a/shapes.dit.yaml", text);
        Write("a/bin/Debug/shapes.dit.yaml", text);
        Write("obj/shapes.dit.yaml", text);
        Assert.Equal("Shapes", Assert.Single(Specs.Models(folder)).Name);
        Write("b.dit.yml", text);
        Assert.Contains("error DIT107: ", Assert.Throws<DitTestException>(() => Specs.Models(folder)).Message, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? folder);
        File.WriteAllText(path, text);
        return path;
    }
}
