using System.IO.Compression;
using System.Xml.Linq;

namespace Dit.Consumer.Tests;

/// <summary>The packages of this repository in a feed of their own, and empty folders to use them from.</summary>
/// <remarks>
/// They are packed once, by the first class of tests that needs them, and are gone after the last test. They carry a
/// version that was never there before, and restored ones go into a folder of this run: no stale package can be taken
/// for one of them. What the machine has restored already, libtorch above all, is used where it lies, as a fallback
/// folder.
/// </remarks>
public sealed class Packed
{
    private static readonly Lazy<Packing> Once = new(static () => new Packing());

    private readonly Packing packing = Once.Value;

    /// <summary>The version of the packages, new in each run.</summary>
    public string Version => packing.Version;

    /// <summary>The folder with the packages.</summary>
    public string Feed => packing.Feed;

    /// <summary>Where restored packages go that the machine has not.</summary>
    internal string PrivatePackages => packing.PrivatePackages;

    internal Shell Shell => packing.Shell;

    /// <summary>Where <c>dotnet new</c> finds the template. The user's own templates stay as they are.</summary>
    internal string TemplateHive => packing.TemplateHive.Value;

    /// <summary>An empty folder, with the feed beside the machine's own sources.</summary>
    internal Shell EmptyFolder(string name) => Shell.In(Directory.CreateDirectory(Path.Combine(Shell.Folder, name)).FullName);

    /// <summary>The names of what a package holds, less the container's own.</summary>
    internal IReadOnlyList<string> Files(string id)
    {
        using var package = Open(id);
        return [.. package.Entries.Select(entry => entry.FullName)
            .Where(name =>
                !name.StartsWith("_rels/", StringComparison.Ordinal)
                && !name.StartsWith("package/", StringComparison.Ordinal)
                && name != "[Content_Types].xml")
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

    private ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(Feed, $"{id}.{Version}.nupkg"));

    /// <summary>Packs the solution, which was built before these tests.</summary>
    private sealed class Packing
    {
        public Packing()
        {
            var root = Directory.CreateTempSubdirectory("dit-consumer-").FullName;
            AtTheEnd.Do(() => Directory.Delete(root, recursive: true));
            Directory.CreateDirectory(Path.Combine(root, "feed"));
            File.WriteAllText(Path.Combine(root, "nuget.config"), NuGetConfig());
            Shell = new(root, new Dictionary<string, string?> { ["NUGET_PACKAGES"] = PrivatePackagesOf(root) });
            Shell.In(Built.Root).With("NUGET_PACKAGES", Built.PackageFolders[0]).Dotnet(
                "pack", "Dit.Gen.sln", "--no-build", "--configuration", Built.Configuration, "--output", Feed, "--verbosity", "quiet",
                $"-p:TorchBackend={Built.TorchBackend}",
                $"-p:PackageVersion={Version}",
                $"-p:NuspecOutputPath={Path.Combine(root, "nuspec")}")
            .Succeeds();
            TemplateHive = new(InstallTemplate);
        }

        public string Version { get; } = $"{Built.NextVersion}-t{Guid.NewGuid().ToString("N")[..12]}";

        public Shell Shell { get; }

        public string Feed => Path.Combine(Shell.Folder, "feed");

        public string PrivatePackages => PrivatePackagesOf(Shell.Folder);

        public Lazy<string> TemplateHive { get; }

        private static string PrivatePackagesOf(string root) => Path.Combine(root, "packages");

        private string InstallTemplate()
        {
            var hive = Path.Combine(Shell.Folder, "hive");
            Shell.Dotnet("new", "install", Path.Combine(Feed, $"Dit.Templates.{Version}.nupkg"), "--debug:custom-hive", hive).Succeeds();
            return hive;
        }
    }

    private static string NuGetConfig() => new XDocument(new XElement("configuration",
        new XElement("packageSources", new XElement("add", new XAttribute("key", "dit-consumer"), new XAttribute("value", "feed"))),
        new XElement("fallbackPackageFolders", Built.PackageFolders.Select((folder, i) =>
            new XElement("add", new XAttribute("key", $"machine-{i}"), new XAttribute("value", folder)))))).ToString();
}
