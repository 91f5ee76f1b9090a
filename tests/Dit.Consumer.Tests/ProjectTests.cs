using System.Text.RegularExpressions;

namespace Dit.Consumer.Tests;

/// <summary>A program that has only the packages, and what happens to it.</summary>
public sealed partial class ProjectTests(Packed packed) : IClassFixture<Packed>
{
    [Fact]
    public void A_program_made_from_nothing_builds_samples_and_tells_of_mistakes()
    {
        var folder = Program("program");
        folder.Build("--verbosity", "quiet", "-p:EmitCompilerGeneratedFiles=true").Succeeds();
        Assert.EndsWith(ConsumerProject.Printed, Run(folder, "first.png").Succeeds(), StringComparison.Ordinal);
        Assert.Equal((3 * 18 + 2, 18 + 2), folder.Picture("first.png"));
        Assert.DoesNotContain(Directory.EnumerateDirectories(packed.PrivatePackages), package =>
            Built.PackageFolders.Any(machine =>
                Directory.Exists(Path.Combine(machine, Path.GetFileName(package)))
                && Path.GetFileName(package).StartsWith("libtorch", StringComparison.Ordinal)));

        // An edit elsewhere: the same code is generated, and the native library is not made again.
        var (code, native) = (Generated(folder), Native(folder));
        var made = File.GetCreationTimeUtc(native);
        folder.Write("Program.cs", ConsumerProject.Sampling("Consumer") + "Console.WriteLine(\"edited\");\n");
        folder.Build("--verbosity", "quiet", "-p:EmitCompilerGeneratedFiles=true").Succeeds();
        Assert.EndsWith(ConsumerProject.Printed + "edited\n", Run(folder, "second.png").Succeeds(), StringComparison.Ordinal);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder.Folder, "first.png")), File.ReadAllBytes(Path.Combine(folder.Folder, "second.png")));
        Assert.Equal(code, Generated(folder));
        Assert.Equal(made, File.GetCreationTimeUtc(native));

        // A mistake in the spec: an error where it is.
        folder.Write("specs/tiny.dit.yaml", ConsumerProject.Spec.Replace("width: 32", "width: 30"));
        Assert.Matches(
            @"tiny\.dit\.yaml\(3,8\): error DIT101: .*30.*\[.*Consumer\.csproj\]",
            folder.Build("--verbosity", "quiet").Fails(1));
    }

    [Fact]
    public void A_library_needs_no_libtorch_and_a_program_that_uses_it_is_told_the_line_that_it_lacks()
    {
        var folder = packed.EmptyFolder("library");
        folder.Write("Models/Models.csproj", ConsumerProject.File("Library", ConsumerProject.Packages(packed.Version)));
        folder.Write("Models/tiny.dit.yaml", ConsumerProject.Spec);
        folder.Write("App/Program.cs", ConsumerProject.Sampling("Models"));
        string[] references = ["""<ProjectReference Include="../Models/Models.csproj" />"""];
        folder.Write("App/App.csproj", ConsumerProject.File("Exe", references));

        folder.In(Path.Combine(folder.Folder, "Models")).Build("--verbosity", "quiet").Succeeds();
        var app = folder.In(Path.Combine(folder.Folder, "App"));
        var told = app.Build("--verbosity", "quiet").Fails(1);
        Assert.Contains("error DIT901: App is a program without libtorch", told, StringComparison.Ordinal);
        var line = Advice().Match(told).Value;
        Assert.Equal(ConsumerProject.LibTorch, line);
        app.Build("--verbosity", "quiet", "-p:DitRequireLibTorch=false").Succeeds();

        // The native fix comes through the library.
        app.Write("App.csproj", ConsumerProject.File("Exe", [.. references, line]));
        app.Build("--verbosity", "quiet").Succeeds();
        Assert.EndsWith(ConsumerProject.Printed, Run(app, "out.png").Succeeds(), StringComparison.Ordinal);
        Assert.Equal((3 * 18 + 2, 18 + 2), app.Picture("out.png"));
    }

    [Fact]
    public void Published_trimmed_it_trains_and_samples_and_no_warning_is_ours()
    {
        var folder = Program("trimmed");
        folder.Write("Program.cs", ConsumerProject.Training("Consumer"));
        var told = folder.Dotnet(
            "publish",
            "--verbosity",
            "quiet",
            "--runtime",
            Built.Platform,
            "--self-contained",
            "--output",
            "published",
            "-p:PublishTrimmed=true",
            "-p:EnableAotAnalyzer=true")
        .Succeeds();
        // One for each assembly that has any: see docs/packages.md.
        Assert.Equal(
            ["IL2104: Assembly 'SixLabors.ImageSharp' produced trim warnings", "IL2104: Assembly 'TorchSharp' produced trim warnings"],
            Warnings().Matches(told).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));

        var program = Path.Combine(folder.Folder, "published", OperatingSystem.IsWindows() ? "Consumer.exe" : "Consumer");
        Assert.EndsWith(ConsumerProject.Printed, folder.Run(program, "out.png").Succeeds(), StringComparison.Ordinal);
        Assert.Equal((3 * 18 + 2, 18 + 2), folder.Picture("out.png"));
    }

    private Shell Program(string name)
    {
        var folder = packed.EmptyFolder(name);
        folder.Write(
            "Consumer.csproj",
            ConsumerProject.File("Exe", [.. ConsumerProject.Packages(packed.Version), ConsumerProject.LibTorch]));
        folder.Write("Program.cs", ConsumerProject.Sampling("Consumer"));
        folder.Write("specs/tiny.dit.yaml", ConsumerProject.Spec);
        return folder;
    }

    private static Ran Run(Shell folder, string picture) => folder.Dotnet("run", "--no-build", "--", picture);

    private static string Generated(Shell folder) =>
        File.ReadAllText(Assert.Single(Directory.GetFiles(folder.Folder, "Tiny.g.cs", SearchOption.AllDirectories)));

    private static string Native(Shell folder) =>
        Assert.Single(Directory.GetFiles(Path.Combine(folder.Folder, "obj"), "libLibTorchSharp.so", SearchOption.AllDirectories));

    [GeneratedRegex(@"<PackageReference Include=""libtorch[^>]*/>")]
    private static partial Regex Advice();

    [GeneratedRegex(@"warning (IL\d{4}: (?:'[^'\n]*'|[^.\n])*)")]
    private static partial Regex Warnings();
}
