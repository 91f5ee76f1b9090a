using System.Text.RegularExpressions;

namespace Dit.Consumer.Tests;

/// <summary>What a build takes notice of, and what it refuses, each with nothing said besides.</summary>
public sealed partial class BuildTests(Packed packed) : IClassFixture<Packed>
{
    private static readonly DateTime Old = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly string Other = ConsumerProject.Spec.Replace("Tiny", "Other");

    // Beside types that generated code has names of, in its own namespace.
    private const string Use = """
        namespace Consumer;
        class Tensor; class Layer; class Linear; class Sampler; enum Device { None }
        static class Use { public static object[] Cards => [Tiny.Card, Other.Samplers.Ddim4, DitModels.All]; }

        """;

    [Fact]
    public void The_specs_are_an_input_of_the_build_whatever_their_dates()
    {
        var folder = Library("specs", ".cs");
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec);
        WriteOld(folder, "other.dit.yml", Other);
        folder.Write("Use.cs", Use);
        Build(folder).Succeeds();
        var built = Compiled(folder);
        Build(folder).Succeeds();
        Assert.Equal(built, Compiled(folder)); // nothing to do

        File.Delete(Path.Combine(folder.Folder, "other.dit.yml"));
        Assert.Equal(["CS0103: The name 'Other' does not exist in the current context"], Errors(Build(folder)));

        WriteOld(folder, "renamed.dit.yaml", Other);
        Build(folder).Succeeds();
        Assert.NotEqual(built, Compiled(folder));

        // A mistake is the only error, though the models are used.
        WriteOld(folder, "renamed.dit.yaml", Other.Replace("width: 32", "width: 36").Replace("heads: 4", "heads: 8"));
        Assert.Equal(["DIT101: Width 36 is not divisible by 8 heads; 32 is"], Errors(Build(folder)));
        WriteOld(folder, "renamed.dit.yaml", Other.Replace("channels: 3,", "channels: [3,"));
        Assert.All(Errors(Build(folder)), static error => Assert.StartsWith("DIT001: ", error, StringComparison.Ordinal));

        Assert.Equal(
            ["DIT903: Models are generated as C# 12.0, and this project is set to C# 11: take LangVersion out of the project, or set it to latest"],
            Errors(Build(folder, "-p:LangVersion=11")));
    }

    [Theory]
    [InlineData("F#", ".fs", "module Program\nlet one = 1\n")]
    [InlineData("Visual Basic", ".vb", "Public Class Program\nEnd Class\n")]
    public void A_project_of_another_language_is_told_that_nothing_is_generated(string language, string extension, string code)
    {
        var folder = Library("other" + extension, extension);
        folder.Write("Program" + extension, code);
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec);

        Assert.Equal(
            [$"DIT902: Dit.Gen generates C#, so no models are generated in this project, which is {language}: put the specs into a C# project, and reference that from here."],
            Told()
                .Matches(Build(folder, "-p:TreatWarningsAsErrors=false").Succeeds())
                .Select(static match => match.Groups[1].Value)
                .Distinct());
    }

    [Theory]
    [InlineData("Dit.Gen"), InlineData("Dit.Runtime"), InlineData("Dit.Checkpoints")]
    public void Another_framework_is_refused_at_restore(string package)
    {
        var folder = packed.EmptyFolder("framework-" + package);
        folder.Write(
            "Consumer.csproj",
            ConsumerProject.File("Library", ConsumerProject.Package(package, packed.Version)).Replace("net10.0", "net8.0"));

        Assert.Equal(
            [$"NU1202: Package {package} {packed.Version} is not compatible with net8.0 (.NETCoreApp,Version=v8.0). Package {package} {packed.Version} supports: net10.0 (.NETCoreApp,Version=v10.0)"],
            Errors(folder.Dotnet("restore", "--verbosity", "quiet")));
    }

    private Shell Library(string name, string extension)
    {
        var folder = packed.EmptyFolder(name);
        var compile = extension == ".fs" ? """<Compile Include="Program.fs" />""" : "";
        folder.Write($"Consumer{extension}proj", ConsumerProject.File("Library", [.. ConsumerProject.Packages(packed.Version), compile]));
        return folder;
    }

    private static Ran Build(Shell folder, params string[] more) => folder.Build(["--verbosity", "quiet", .. more]);

    private static DateTime Compiled(Shell folder) =>
        File.GetLastWriteTimeUtc(Path.Combine(folder.Folder, "obj", "Debug", "net10.0", "Consumer.dll"));

    private static void WriteOld(Shell folder, string name, string text)
    {
        folder.Write(name, text);
        File.SetLastWriteTimeUtc(Path.Combine(folder.Folder, name), Old);
    }

    private static IEnumerable<string> Errors(Ran ran) =>
        Told()
            .Matches(ran.Fails(1))
            .Where(static match => match.Value.StartsWith("error", StringComparison.Ordinal))
            .Select(static match => match.Groups[1].Value)
            .Distinct();

    [GeneratedRegex(@"(?:error|warning) ([A-Z]+\d+: .*?)(?= \[/|\r?\n|$)")]
    private static partial Regex Told();
}
