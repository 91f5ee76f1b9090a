using System.IO.Compression;
using System.Xml.Linq;

namespace Dit.Consumer.Tests;

/// <summary>Tests that use the packed packages, which are packed once.</summary>
[CollectionDefinition(Name)]
public sealed class WithPackages : ICollectionFixture<Packed>
{
    /// <summary>What such a test class names.</summary>
    public const string Name = "packed packages";
}

/// <summary>The packages of this repository in a feed of their own, and empty folders to use them from.</summary>
/// <remarks>
/// They carry a version that was never there before, and restored ones go into a folder of this run: no stale package can be taken for one of
/// them. What the machine has restored already, libtorch above all, is used where it lies, as a fallback folder.
/// </remarks>
public sealed class Packed : IDisposable
{
    private readonly string root = Path.Combine(Path.GetTempPath(), "dit-consumer-" + Guid.NewGuid().ToString("N")[..12]);

    /// <summary>Packs the solution, which was built before these tests.</summary>
    public Packed()
    {
        Directory.CreateDirectory(Feed);
        File.WriteAllText(Path.Combine(root, "nuget.config"), NuGetConfig());
        Shell = new(root, new Dictionary<string, string?> { ["NUGET_PACKAGES"] = PrivatePackages });
        Shell.In(Built.Root).With("NUGET_PACKAGES", Built.PackageFolders[0]).Dotnet(
            "pack", "Dit.Gen.sln", "--no-build", "--configuration", Built.Configuration, "--output", Feed, "--verbosity", "quiet",
            $"-p:TorchBackend={Built.TorchBackend}", $"-p:PackageVersion={Version}", $"-p:NuspecOutputPath={Path.Combine(root, "nuspec")}").Succeeds();
    }

    /// <summary>The version of the packages, new in each run.</summary>
    public string Version { get; } = $"{Built.NextVersion}-t{Guid.NewGuid().ToString("N")[..12]}";

    /// <summary>The folder with the packages.</summary>
    public string Feed => Path.Combine(root, "feed");

    /// <summary>Where restored packages go that the machine has not.</summary>
    internal string PrivatePackages => Path.Combine(root, "packages");

    internal Shell Shell { get; }

    /// <summary>An empty folder, with the feed beside the machine's own sources.</summary>
    internal Shell EmptyFolder(string name) => Shell.In(Directory.CreateDirectory(Path.Combine(root, name)).FullName);

    /// <summary>The names of what a package holds, less the container's own.</summary>
    internal IReadOnlyList<string> Files(string id)
    {
        using var package = Open(id);
        return [.. package.Entries.Select(entry => entry.FullName)
            .Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal) && name != "[Content_Types].xml")
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>A file of a package.</summary>
    internal byte[] Read(string id, string name) => Read(id, "nupkg", name);

    /// <summary>A file of the package with a library's symbols.</summary>
    internal byte[] ReadSymbols(string id, string name) => Read(id, "snupkg", name);

    private byte[] Read(string id, string kind, string name)
    {
        using var package = ZipFile.OpenRead(Path.Combine(Feed, $"{id}.{Version}.{kind}"));
        using var file = (package.GetEntry(name) ?? throw new InvalidOperationException($"{id} holds no {name}.")).Open();
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>The elements of a package's description that have a name.</summary>
    internal IReadOnlyList<XElement> Described(string id, string element)
    {
        using var nuspec = new MemoryStream(Read(id, $"{id}.nuspec"));
        return [.. XDocument.Load(nuspec).Descendants().Where(e => e.Name.LocalName == element)];
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(root, recursive: true);

    private ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(Feed, $"{id}.{Version}.nupkg"));

    private static string NuGetConfig() => new XDocument(new XElement("configuration",
        new XElement("packageSources", new XElement("add", new XAttribute("key", "dit-consumer"), new XAttribute("value", "feed"))),
        new XElement("fallbackPackageFolders", Built.PackageFolders.Select((folder, i) =>
            new XElement("add", new XAttribute("key", $"machine-{i}"), new XAttribute("value", folder)))))).ToString();
}
