namespace Dit.Consumer.Tests;

/// <summary>The tool as it is installed, run from an empty folder.</summary>
[Collection(WithPackages.Name)]
public sealed class ToolTests(Packed packed)
{
    [Fact]
    public void The_installed_tool_lists_checks_and_compares_without_libtorch_and_draws_with_it()
    {
        var folder = packed.EmptyFolder("tool");
        folder.Dotnet("tool", "install", "Dit.Cli", "--version", packed.Version, "--tool-path", "installed").Succeeds();
        var dit = Path.Combine(folder.Folder, "installed", OperatingSystem.IsWindows() ? "dit.exe" : "dit");
        folder.Write("tiny.dit.yaml", ConsumerProject.Spec);

        var without = folder.With("NUGET_PACKAGES", Path.Combine(folder.Folder, "none"));
        Assert.Contains("675,129,632", without.Run(dit, "models").Succeeds(), StringComparison.Ordinal);
        Assert.StartsWith("Tiny (class Tiny, spec ", without.Run(dit, "check", "tiny.dit.yaml").Succeeds(), StringComparison.Ordinal);
        folder.Write("deeper.dit.yaml", ConsumerProject.Spec.Replace("depth: 2", "depth: 3"));
        Assert.Contains("depth  2 -> 3", without.Run(dit, "diff", "tiny.dit.yaml", "deeper.dit.yaml").Succeeds(), StringComparison.Ordinal);
        Assert.Contains("sample", without.Run(dit, "--help").Succeeds(), StringComparison.Ordinal);
        var told = without.Run(dit, "sample", "--count", "1").Fails(2);
        Assert.StartsWith($"dit: This command computes with libtorch {Built.LibTorchVersion}, and there is none", told, StringComparison.Ordinal);
        Assert.Contains($"dotnet add fetch package libtorch-cpu-{Built.Platform} --version {Built.LibTorchVersion}'", told, StringComparison.Ordinal);
        Assert.Single(told.TrimEnd('\n').Split('\n'));

        string[] sample = ["sample", "--count", "1", "--classes", "star,heart", "--steps", "2", "--out"];
        var cache = Path.GetFullPath(Built.InCache($"libtorch-cpu-{Built.Platform}", Built.LibTorchVersion));
        var packages = Path.GetFullPath(Path.Combine(cache, "..", ".."));
        folder.With("NUGET_PACKAGES", packages).Run(dit, [.. sample, "cache.png"]).Succeeds();
        without.With("DIT_LIBTORCH", Path.Combine(cache, "runtimes", Built.Platform, "native")).Run(dit, [.. sample, "named.png"]).Succeeds();
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Folder, "cache.png")), File.ReadAllBytes(Path.Combine(folder.Folder, "named.png")));
        Assert.Equal(2 * 98 + 2, folder.Picture("cache.png").Height);
    }
}
