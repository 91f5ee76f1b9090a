namespace Dit.Consumer.Tests;

[Collection(WithPackages.Name)]
public sealed class PackageTests(Packed packed)
{
    private const long LargestTool = 60_000_000; // nuget.org takes 250 MB; nobody waits for that

    private static readonly string[] Ids = ["Dit.Cli", "Dit.Commands", "Dit.Gen", "Dit.Runtime", "Dit.Spec", "Dit.Templates", "Dit.Testing"];

    [Fact]
    public void There_are_these_packages_and_no_others() =>
        Assert.Equal(Ids.Select(id => $"{id}.{packed.Version}.nupkg"), Directory.EnumerateFiles(packed.Feed).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Fact]
    public void Each_says_what_it_is_under_which_licence()
    {
        foreach (var id in Ids)
        {
            Assert.Contains("LICENSE", packed.Files(id));
            Assert.Equal("MIT", Assert.Single(packed.Described(id, "license")).Value);
            Assert.Equal("README.md", Assert.Single(packed.Described(id, "readme")).Value);
            Assert.InRange(Assert.Single(packed.Described(id, "description")).Value.Length, 60, 4000);
            Assert.NotEmpty(Assert.Single(packed.Described(id, "tags")).Value);
        }
    }

    [Fact]
    public void The_generator_is_an_analyzer_with_all_that_it_needs_and_nothing_more()
    {
        Assert.Equal(
            [
                "Dit.Gen.nuspec", "LICENSE", "README.md", "analyzers/dotnet/cs/Dit.Generator.dll", "analyzers/dotnet/cs/Dit.Spec.dll",
                "analyzers/dotnet/cs/YamlDotNet.dll", "build/net10.0/Dit.Gen.Snapshots.targets", "build/net10.0/Dit.Gen.props", "build/net10.0/Dit.Gen.targets",
                "dit.schema.json", "lib/net10.0/_._", "tasks/netstandard2.0/Dit.Build.dll", "tasks/netstandard2.0/Dit.Spec.dll", "tasks/netstandard2.0/YamlDotNet.dll",
            ],
            packed.Files("Dit.Gen"));
        Assert.Equal("true", Assert.Single(packed.Described("Dit.Gen", "developmentDependency")).Value);
        Assert.Empty(packed.Described("Dit.Gen", "dependency"));
    }

    [Fact]
    public void The_runtime_carries_its_documentation_and_the_native_fix_and_ties_nobody_to_a_platform()
    {
        Assert.Equal(
            [
                "Dit.Runtime.nuspec", "LICENSE", "README.md", "buildTransitive/net10.0/Dit.Runtime.targets", "buildTransitive/net10.0/WeakenElfVersion.cs",
                "lib/net10.0/Dit.Runtime.dll", "lib/net10.0/Dit.Runtime.xml",
            ],
            packed.Files("Dit.Runtime"));
        Assert.Equal(
            ["SharpZipLib", "SixLabors.ImageSharp", "TorchSharp"],
            packed.Described("Dit.Runtime", "dependency").Select(dependency => dependency.Attribute("id")?.Value));
    }

    [Fact]
    public void The_libraries_for_specs_and_tests_carry_their_documentation_and_need_little()
    {
        Assert.Equal(["Dit.Spec.nuspec", "LICENSE", "README.md", "lib/netstandard2.0/Dit.Spec.dll", "lib/netstandard2.0/Dit.Spec.xml"], packed.Files("Dit.Spec"));
        Assert.Equal(["YamlDotNet"], packed.Described("Dit.Spec", "dependency").Select(dependency => dependency.Attribute("id")?.Value));
        Assert.Equal(
            ["Dit.Testing.nuspec", "LICENSE", "README.md", "buildTransitive/net10.0/Dit.Testing.targets", "lib/net10.0/Dit.Testing.dll", "lib/net10.0/Dit.Testing.xml"],
            packed.Files("Dit.Testing"));
        Assert.Equal(["DiffEngine", "Dit.Spec", "YamlDotNet"], packed.Described("Dit.Testing", "dependency").Select(dependency => dependency.Attribute("id")?.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_tool_is_small_and_brings_the_demo_model_but_no_libtorch()
    {
        var files = packed.Files("Dit.Cli");
        Assert.InRange(new FileInfo(Path.Combine(packed.Feed, $"Dit.Cli.{packed.Version}.nupkg")).Length, 1, LargestTool);
        Assert.Contains("tools/net10.0/any/weights/shapes.safetensors", files);
        Assert.DoesNotContain(files, file => Path.GetFileName(file) is "libtorch_cpu.so" or "torch_cpu.dll" or "libtorch_cpu.dylib" or "libc10.so");
        // What the host expects is what there is.
        Assert.DoesNotContain("libtorch", System.Text.Encoding.UTF8.GetString(packed.Read("Dit.Cli", "tools/net10.0/any/dit.deps.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_tools_native_library_for_Linux_is_TorchSharps_but_for_the_weak_symbol_version()
    {
        var original = File.ReadAllBytes(Built.InCache("torchsharp", TorchSharpVersion(), "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));
        var shipped = packed.Read("Dit.Cli", "tools/net10.0/any/runtimes/linux-x64/native/libLibTorchSharp.so");
        Assert.Equal(original.Length, shipped.Length);
        var changed = Assert.Single(Enumerable.Range(0, original.Length), i => original[i] != shipped[i]);
        Assert.Equal(original[changed] | 2, shipped[changed]); // VER_FLG_WEAK
    }

    [Fact]
    public void Whoever_names_a_version_names_the_same()
    {
        Assert.Contains($"<_DitLibTorchVersion>{Built.LibTorchVersion}<", Built.Text("runtime", "Dit.Runtime", "build", "Dit.Runtime.targets"), StringComparison.Ordinal);
        Assert.Contains($"Version = \"{Built.LibTorchVersion}\";", Built.Text("runtime", "Dit.Commands", "TensorLibrary.cs"), StringComparison.Ordinal);
        string[][] texts = [["generator", "Dit.Generator", "README.md"], ["docs", "packages.md"]];
        foreach (var text in texts.Select(Built.Text))
        {
            Assert.Contains($"Include=\"Dit.Gen\" Version=\"{Built.Version}\"", text, StringComparison.Ordinal);
            Assert.Contains($"Include=\"Dit.Runtime\" Version=\"{Built.Version}\"", text, StringComparison.Ordinal);
            Assert.Contains($"Include=\"libtorch-cpu-linux-x64\" Version=\"{Built.LibTorchVersion}\"", text, StringComparison.Ordinal);
        }
    }

    private string TorchSharpVersion() => packed.Described("Dit.Runtime", "dependency")
        .Single(dependency => dependency.Attribute("id")?.Value == "TorchSharp").Attribute("version")?.Value ?? "";
}
