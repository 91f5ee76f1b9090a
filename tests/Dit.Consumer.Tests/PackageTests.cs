using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Dit.Packaging;
using Microsoft.CodeAnalysis;

namespace Dit.Consumer.Tests;

public sealed partial class PackageTests(Packed packed) : IClassFixture<Packed>
{
    private const long LargestTool = 60_000_000; // nuget.org takes 250 MB; nobody waits for that

    private static readonly string[] Ids =
    [
        "Dit.Checkpoints",
        "Dit.Cli",
        "Dit.Commands",
        "Dit.Gen",
        "Dit.Kernels",
        "Dit.Runtime",
        "Dit.Spec",
        "Dit.Templates",
        "Dit.Testing",
    ];

    /// <summary>Those that code is compiled against; their symbols are in packages of their own.</summary>
    private static readonly string[] Libraries = [.. Ids.Except(["Dit.Cli", "Dit.Gen", "Dit.Templates"])];

    public static TheoryData<string> EachLibrary => [.. Libraries];

    [Fact]
    public void There_are_these_packages_and_no_others() =>
        Assert.Equal(
            Ids.Select(id => $"{id}.{packed.Version}.nupkg")
                .Concat(Libraries.Select(id => $"{id}.{packed.Version}.snupkg"))
                .Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(packed.Feed).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Fact]
    public void Each_says_what_it_is_under_which_licence()
    {
        foreach (var id in Ids)
        {
            Assert.Contains("LICENSE", packed.Files(id));
            Assert.Equal("icon.png", Assert.Single(packed.Described(id, "icon")).Value);
            Assert.InRange(packed.Read(id, "icon.png").Length, 100, 20_000);
            Assert.InRange(Assert.Single(packed.Described(id, "releaseNotes")).Value.Length, 1, ReleaseNotes.Longest + 200);
            Assert.Equal("MIT", Assert.Single(packed.Described(id, "license")).Value);
            Assert.Equal("README.md", Assert.Single(packed.Described(id, "readme")).Value);
            Assert.InRange(Assert.Single(packed.Described(id, "description")).Value.Length, 60, 4000);
            Assert.NotEmpty(Assert.Single(packed.Described(id, "tags")).Value);
        }
    }

    [Fact]
    public void The_readme_of_each_leads_nowhere_that_is_not_there_and_names_the_version_that_it_lies_in()
    {
        foreach (var id in Ids)
        {
            var text = System.Text.Encoding.UTF8.GetString(packed.Read(id, "README.md"));
            Assert.All(Links().Matches(text), static link => Assert.Matches("^(https://|#)", link.Groups[1].Value));
            Assert.All(References().Matches(text), version => Assert.Equal(packed.Version, version.Groups[1].Value));
        }
    }

    [Theory, MemberData(nameof(EachLibrary))]
    public void The_symbols_are_those_of_the_assembly(string id)
    {
        var name = Assert.Single(packed.Files(id), file => Path.GetFileName(file) == $"{id}.dll");
        using var assembly = new PEReader([.. packed.Read(id, name)]);
        var debug = assembly.ReadDebugDirectory();
        var code = assembly.ReadCodeViewDebugDirectoryData(debug.Single(static entry => entry.Type == DebugDirectoryEntryType.CodeView));
        var checksum = assembly.ReadPdbChecksumDebugDirectoryData(
            debug.Single(static entry => entry.Type == DebugDirectoryEntryType.PdbChecksum));

        var symbols = packed.ReadSymbols(id, Path.ChangeExtension(name, ".pdb"));
        using var pdb = MetadataReaderProvider.FromPortablePdbImage([.. symbols]);
        var header = pdb.GetMetadataReader().DebugMetadataHeader ?? throw new InvalidOperationException("No portable symbols.");
        Assert.Equal(code.Guid, new BlobContentId(header.Id).Guid);

        // The checksum is of the file with its own name, 20 bytes, left out.
        symbols.AsSpan(header.IdStartOffset, 20).Clear();
        Assert.Equal("SHA256", checksum.AlgorithmName);
        Assert.Equal(checksum.Checksum, SHA256.HashData(symbols));
    }

    [Theory, MemberData(nameof(EachLibrary))]
    public void The_documentation_is_that_of_all_that_users_can_name_and_of_nothing_else(string id)
    {
        var folder = packed.EmptyFolder("documentation-" + id).Folder;
        var name = Assert.Single(packed.Files(id), file => Path.GetFileName(file) == $"{id}.dll");
        var path = Path.Combine(folder, $"{id}.dll");
        File.WriteAllBytes(path, packed.Read(id, name));
        using var xml = new MemoryStream(packed.Read(id, Path.ChangeExtension(name, ".xml")));
        var document = XDocument.Load(xml);
        var documented = document.Descendants("member").Select(static member => member.Attribute("name")?.Value ?? "").ToArray();
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location) ?? "";
        var symbols = Symbols.Read(path, Directory.EnumerateFiles(framework, "System*.dll"));

        Assert.Equal(id == "Dit.Kernels", documented.Length == 0); // it has nothing public
        Assert.All(documented, member => Assert.True(symbols.Find(member) is { } symbol && Symbols.IsVisible(symbol), member));
        var types = symbols.All.Where(static symbol => symbol.Value is INamedTypeSymbol && Symbols.IsVisible(symbol.Value));
        Assert.Empty(types.Select(static type => type.Key).Except(documented));
        Assert.All(
            document.Descendants().Select(static element => element.Attribute("cref")?.Value).OfType<string>(),
            reference => Assert.True(symbols.Find(reference) is not { } symbol || Symbols.IsVisible(symbol), reference));

        // And by another reader of assemblies, the names of types.
        Assert.DoesNotContain(HiddenTypes(path), type =>
            documented.Any(member => $"{member[2..]}.".StartsWith($"{type}.", StringComparison.Ordinal)));
    }

    private static IReadOnlyList<string> HiddenTypes(string path)
    {
        using var assembly = new PEReader(File.OpenRead(path));
        var reader = assembly.GetMetadataReader();
        return
        [
            .. reader.TypeDefinitions.Select(reader.GetTypeDefinition).Where(static type => !IsVisible(type.Attributes)).Select(FullName),
        ];

        static bool IsVisible(TypeAttributes attributes) => (attributes & TypeAttributes.VisibilityMask)
            is TypeAttributes.Public or TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem;

        string FullName(TypeDefinition type) => type.GetDeclaringType() is { IsNil: false } outer
            ? $"{FullName(reader.GetTypeDefinition(outer))}.{reader.GetString(type.Name)}"
            : $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }

    [Fact]
    public void The_generator_is_an_analyzer_with_all_that_it_needs_and_nothing_more()
    {
        Assert.Equal(
            [
                "Dit.Gen.nuspec", "LICENSE", "README.md", "analyzers/dotnet/cs/Dit.Generator.dll", "analyzers/dotnet/cs/Dit.Spec.dll",
                "analyzers/dotnet/cs/YamlDotNet.dll",
                "build/net10.0/Dit.Gen.Snapshots.targets",
                "build/net10.0/Dit.Gen.props",
                "build/net10.0/Dit.Gen.targets",
                "dit.schema.json",
                "icon.png",
                "lib/net10.0/_._",
                "tasks/netstandard2.0/Dit.Build.dll",
                "tasks/netstandard2.0/Dit.Spec.dll",
                "tasks/netstandard2.0/YamlDotNet.dll",
            ],
            packed.Files("Dit.Gen"));
        Assert.Equal("true", Assert.Single(packed.Described("Dit.Gen", "developmentDependency")).Value);
        Assert.Empty(packed.Described("Dit.Gen", "dependency"));
    }

    [Fact]
    public void The_runtime_carries_its_documentation_and_ties_nobody_to_a_platform()
    {
        Assert.Equal(
            [
                "Dit.Runtime.nuspec", "LICENSE", "README.md", "buildTransitive/net10.0/Dit.Runtime.props",
                "icon.png", "lib/net10.0/Dit.Runtime.dll", "lib/net10.0/Dit.Runtime.xml",
            ],
            packed.Files("Dit.Runtime"));
        Assert.Equal(
            ["Dit.Checkpoints", "Dit.Kernels", "SharpZipLib", "SixLabors.ImageSharp", "System.IO.Hashing", "TorchSharp"],
            Dependencies("Dit.Runtime"));
    }

    [Fact]
    public void The_checkpoints_carry_their_documentation_and_the_native_fix_and_need_TorchSharp()
    {
        Assert.Equal(
            [
                "Dit.Checkpoints.nuspec", "LICENSE", "README.md", "buildTransitive/net10.0/Dit.Checkpoints.targets",
                "buildTransitive/net10.0/WeakenElfVersion.cs",
                "icon.png",
                "lib/net10.0/Dit.Checkpoints.dll",
                "lib/net10.0/Dit.Checkpoints.xml",
            ],
            packed.Files("Dit.Checkpoints"));
        Assert.Equal(["SharpZipLib", "System.IO.Hashing", "TorchSharp"], Dependencies("Dit.Checkpoints"));
    }

    [Fact]
    public void The_libraries_for_specs_and_tests_carry_their_documentation_and_need_little()
    {
        Assert.Equal(
            ["Dit.Spec.nuspec", "LICENSE", "README.md", "icon.png", "lib/netstandard2.0/Dit.Spec.dll", "lib/netstandard2.0/Dit.Spec.xml"],
            packed.Files("Dit.Spec"));
        Assert.Equal(["YamlDotNet"], packed.Described("Dit.Spec", "dependency").Select(dependency => dependency.Attribute("id")?.Value));
        Assert.Equal(
            [
                "Dit.Testing.nuspec", "LICENSE", "README.md", "buildTransitive/net10.0/Dit.Testing.targets", "icon.png",
                "lib/net10.0/Dit.Testing.dll", "lib/net10.0/Dit.Testing.xml",
            ],
            packed.Files("Dit.Testing"));
        Assert.Equal(
            ["DiffEngine", "Dit.Spec", "YamlDotNet"],
            packed
                .Described("Dit.Testing", "dependency")
                .Select(dependency => dependency.Attribute("id")?.Value)
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_tool_is_small_and_brings_the_demo_model_but_no_libtorch()
    {
        var files = packed.Files("Dit.Cli");
        Assert.InRange(new FileInfo(Path.Combine(packed.Feed, $"Dit.Cli.{packed.Version}.nupkg")).Length, 1, LargestTool);
        Assert.Contains("tools/net10.0/any/weights/shapes.safetensors", files);
        Assert.DoesNotContain(files, file =>
            Path.GetFileName(file) is "libtorch_cpu.so" or "torch_cpu.dll" or "libtorch_cpu.dylib" or "libc10.so");
        // What the host expects is what there is.
        Assert.DoesNotContain(
            "libtorch",
            System.Text.Encoding.UTF8.GetString(packed.Read("Dit.Cli", "tools/net10.0/any/dit.deps.json")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_tools_native_library_for_Linux_is_TorchSharps_but_for_the_weak_symbol_version()
    {
        var original = File.ReadAllBytes(
            Built.InCache("torchsharp", TorchSharpVersion(), "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));
        var shipped = packed.Read("Dit.Cli", "tools/net10.0/any/runtimes/linux-x64/native/libLibTorchSharp.so");
        Assert.Equal(original.Length, shipped.Length);
        var changed = Assert.Single(Enumerable.Range(0, original.Length), i => original[i] != shipped[i]);
        Assert.Equal(original[changed] | 2, shipped[changed]); // VER_FLG_WEAK
    }

    [Fact]
    public void Whoever_names_a_version_names_the_same()
    {
        Assert.Contains(
            $"<_DitLibTorchVersion>{Built.LibTorchVersion}<",
            Built.Text("runtime", "Dit.Checkpoints", "build", "Dit.Checkpoints.targets"),
            StringComparison.Ordinal);
        Assert.Contains(
            $"Version = \"{Built.LibTorchVersion}\";", Built.Text("runtime", "Dit.Commands", "TensorLibrary.cs"), StringComparison.Ordinal);
        var newest = $"{Built.NextVersion}-*"; // what is packed from a commit, or the release itself
        string[][] texts = [["generator", "Dit.Generator", "README.md"], ["docs", "packages.md"]];
        foreach (var text in texts.Select(Built.Text))
        {
            Assert.Contains($"Include=\"Dit.Gen\" Version=\"{newest}\"", text, StringComparison.Ordinal);
            Assert.Contains($"Include=\"Dit.Runtime\" Version=\"{newest}\"", text, StringComparison.Ordinal);
            Assert.Contains($"Include=\"libtorch-cpu-linux-x64\" Version=\"{Built.LibTorchVersion}\"", text, StringComparison.Ordinal);
        }
        var checkpoints = Built.Text("runtime", "Dit.Checkpoints", "README.md");
        Assert.Contains($"Include=\"Dit.Checkpoints\" Version=\"{newest}\"", checkpoints, StringComparison.Ordinal);
        Assert.Contains($"Include=\"libtorch-cpu-linux-x64\" Version=\"{Built.LibTorchVersion}\"", checkpoints, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\]\(([^)]*)\)")]
    private static partial Regex Links();

    [GeneratedRegex("""Include="Dit\.[\w.]+" Version="([^"]*)""")]
    private static partial Regex References();

    private IEnumerable<string> Dependencies(string id) => packed.Described(id, "dependency")
        .Select(static dependency => dependency.Attribute("id")?.Value ?? "").Order(StringComparer.Ordinal);

    private string TorchSharpVersion() => packed.Described("Dit.Runtime", "dependency")
        .Single(dependency => dependency.Attribute("id")?.Value == "TorchSharp").Attribute("version")?.Value ?? "";
}
