using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;

namespace Dit.Consumer.Tests;

/// <summary>
/// What <c>dotnet pack</c> makes of the sources of this repository, committed in one of the test's own.
/// </summary>
public sealed class ReleaseTests
{
    private const string Address = "https://github.com/dit-example/dit";

    // The kinds of the portable PDB format's custom debug information, from its specification.
    private static readonly Guid SourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    [Fact]
    public void A_tagged_commit_gives_the_same_bytes_wherever_it_is_packed_and_the_addresses_of_the_one_repository()
    {
        using var one = GitRepository.OfSources("one");
        using var other = GitRepository.OfSources("a folder of another name");
        foreach (var repository in new[] { one, other })
        {
            repository.Git("tag", "v7.8.9");
            Pack(repository.Shell, "runtime/Dit.Commands", repository.Beside("packed"), $"-p:DitRepository={Address}.git");
        }
        Assert.Equal(["Dit.Commands.7.8.9.nupkg", "Dit.Commands.7.8.9.snupkg"], Names(one.Beside("packed")));
        foreach (var name in Names(one.Beside("packed"))) AssertSame(repository => Path.Combine(repository.Beside("packed"), name));
        AssertSame(static repository =>
            Path.Combine(repository.Shell.Folder, "runtime", "Dit.Runtime", "bin", "Release", "net10.0", "Dit.Runtime.dll"));
        AssertSame(static repository =>
            Path.Combine(repository.Shell.Folder, "generator", "Dit.Spec", "bin", "Release", "netstandard2.0", "Dit.Spec.dll"));

        var commit = one.Git("rev-parse", "HEAD");
        var nuspec = Text(one.Beside("packed"), "nupkg", "Dit.Commands.nuspec");
        Assert.Contains($"<projectUrl>{Address}</projectUrl>", nuspec, StringComparison.Ordinal);
        Assert.Contains(
            $"""<repository type="git" url="{Address}" branch="refs/heads/main" commit="{commit}" />""",
            nuspec,
            StringComparison.Ordinal);
        Assert.Contains($"All changes: {Address}/blob/{commit}/CHANGELOG.md</releaseNotes>", nuspec, StringComparison.Ordinal);
        Assert.Contains("""<dependency id="Dit.Runtime" version="7.8.9" """, nuspec, StringComparison.Ordinal);
        Assert.Equal($"7.8.9+{commit}", InformationalVersion(Read(one.Beside("packed"), "nupkg", "lib/net10.0/Dit.Commands.dll")));

        var (link, _) = Sources(Read(one.Beside("packed"), "snupkg", "lib/net10.0/Dit.Commands.pdb"));
        Assert.Contains($"https://raw.githubusercontent.com/dit-example/dit/{commit}/*", link, StringComparison.Ordinal);

        void AssertSame(Func<GitRepository, string> path) =>
            Assert.True(
                File.ReadAllBytes(path(one)).AsSpan().SequenceEqual(File.ReadAllBytes(path(other))),
                $"{path(one)} and {path(other)} differ.");
    }

    [Fact]
    public void An_archive_without_git_is_packed_and_names_no_address()
    {
        using var repository = GitRepository.OfSources("archive");
        Directory.Move(Path.Combine(repository.Shell.Folder, ".git"), repository.Beside("git"));
        Pack(repository.Shell, "generator/Dit.Spec", repository.Beside("packed"));

        var version = $"{Built.NextVersion}-alpha";
        Assert.Equal([$"Dit.Spec.{version}.nupkg", $"Dit.Spec.{version}.snupkg"], Names(repository.Beside("packed")));
        var nuspec = Text(repository.Beside("packed"), "nupkg", "Dit.Spec.nuspec");
        Assert.DoesNotContain("<projectUrl", nuspec, StringComparison.Ordinal);
        Assert.DoesNotContain("<repository", nuspec, StringComparison.Ordinal);
        Assert.Equal(version, InformationalVersion(Read(repository.Beside("packed"), "nupkg", "lib/netstandard2.0/Dit.Spec.dll")));

        // Nobody could fetch them.
        var (link, embedded) = Sources(Read(repository.Beside("packed"), "snupkg", "lib/netstandard2.0/Dit.Spec.pdb"));
        Assert.Equal("", link);
        Assert.Contains(embedded, static source => source.EndsWith("/SpecFile.cs", StringComparison.Ordinal));
    }

    [Fact]
    public void A_version_that_is_given_holds_and_each_other_pack_has_one_of_its_own()
    {
        using var repository = GitRepository.OfSources("versions");
        Assert.Equal("1.2.3-x", Packed("-p:Version=1.2.3-x"));
        Assert.Equal("1.2.4", Packed("-p:PackageVersion=1.2.4"));
        Assert.Equal($"{Built.NextVersion}-rc.1", Packed("--version-suffix", "rc.1"));
        Assert.Equal($"8.0.0-alpha.1.g{repository.Head}", Packed("-p:VersionPrefix=8.0.0"));

        var committed = Packed();
        Assert.Equal($"{Built.NextVersion}-alpha.1.g{repository.Head}", committed);
        repository.Shell.Write("runtime/Dit.Templates/README.md", "# Changed\n");
        var changed = Packed();
        Assert.StartsWith($"{committed}.dirty", changed, StringComparison.Ordinal);
        repository.Commit("Changed");
        Assert.Equal($"{Built.NextVersion}-alpha.2.g{repository.Head}", Packed());

        var refused = repository.Shell.Dotnet("pack", "runtime/Dit.Templates", "-p:DitRepository=github.com/somebody").Fails(1);
        Assert.Contains(
            "error : DitRepository is 'github.com/somebody', which is no address such as https://github.com/OWNER/NAME.",
            refused,
            StringComparison.Ordinal);

        // The template's new projects refer to packages of the version that it has itself.
        string Packed(params string[] more)
        {
            var folder = repository.Beside(Guid.NewGuid().ToString("N"));
            Pack(repository.Shell, "runtime/Dit.Templates", folder, more);
            var version = Path.GetFileNameWithoutExtension(Assert.Single(Names(folder)))["Dit.Templates.".Length..];
            var project = Text(folder, "nupkg", "content/dit-model/DitProject.1.csproj");
            Assert.Contains($"""<PackageReference Include="Dit.Gen" Version="{version}" """, project, StringComparison.Ordinal);
            return version;
        }
    }

    [Fact]
    public void A_debug_build_is_the_same_after_a_commit()
    {
        using var repository = GitRepository.OfSources("debug");
        var desk = repository.Shell.With("CI", null); // a build server's builds are exact
        desk.Dotnet("build", "generator/Dit.Spec").Succeeds();
        var assembly = Path.Combine(repository.Shell.Folder, "generator", "Dit.Spec", "obj", "Debug", "netstandard2.0", "Dit.Spec.dll");
        var built = File.GetLastWriteTimeUtc(assembly);
        Assert.Equal($"{Built.NextVersion}-alpha", InformationalVersion(File.ReadAllBytes(assembly)));
        repository.Commit("Nothing");
        desk.Dotnet("build", "generator/Dit.Spec").Succeeds();
        Assert.Equal(built, File.GetLastWriteTimeUtc(assembly));
    }

    private static void Pack(Shell folder, string project, string output, params string[] more)
    {
        var written = folder.Dotnet(["pack", project, "--configuration", "Release", "--output", output, .. more]).Succeeds();
        Assert.DoesNotContain("warning", written, StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(folder).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal);

    private static string Text(string folder, string kind, string name) => Encoding.UTF8.GetString(Read(folder, kind, name));

    private static byte[] Read(string folder, string kind, string name)
    {
        using var package = ZipFile.OpenRead(
            Path.Combine(folder, Assert.Single(Names(folder), name => name.EndsWith($".{kind}", StringComparison.Ordinal))));
        using var file = (package.GetEntry(name) ?? throw new InvalidOperationException($"The package holds no {name}.")).Open();
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string InformationalVersion(byte[] assembly)
    {
        using var file = new PEReader([.. assembly]);
        var reader = file.GetMetadataReader();
        var blob = reader.GetAssemblyDefinition().GetCustomAttributes().Select(reader.GetCustomAttribute).Single(attribute =>
            attribute.Constructor.Kind == HandleKind.MemberReference
            && reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } type
            && reader.GetString(reader.GetTypeReference((TypeReferenceHandle)type).Name) == "AssemblyInformationalVersionAttribute").Value;
        var value = reader.GetBlobReader(blob);
        value.ReadUInt16(); // the prolog
        return value.ReadSerializedString() ?? "";
    }

    /// <summary>Where sources are to be fetched, and the names of those that are in the symbols.</summary>
    private static (string Link, IReadOnlyList<string> Embedded) Sources(byte[] pdb)
    {
        using var provider = MetadataReaderProvider.FromPortablePdbImage([.. pdb]);
        var reader = provider.GetMetadataReader();
        var all = reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation).ToArray();
        return (
            string.Concat(Of(SourceLink).Select(info => Encoding.UTF8.GetString(reader.GetBlobBytes(info.Value)))),
            [.. Of(EmbeddedSource).Select(info => reader.GetString(reader.GetDocument((DocumentHandle)info.Parent).Name))]);

        IEnumerable<CustomDebugInformation> Of(Guid kind) => all.Where(info => reader.GetGuid(info.Kind) == kind);
    }
}
