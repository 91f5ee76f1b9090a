namespace Dit.Consumer.Tests;

/// <summary>The tool as it is installed, run from an empty folder.</summary>
public sealed class ToolTests(Packed packed) : IClassFixture<Packed>
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
        Assert.StartsWith(
            $"dit: This command computes with libtorch {Built.LibTorchVersion}, and there is none",
            told,
            StringComparison.Ordinal);
        Assert.Contains(
            $"dotnet add fetch package libtorch-cpu-{Built.Platform} --version {Built.LibTorchVersion}'",
            told,
            StringComparison.Ordinal);
        Assert.Single(told.TrimEnd('\n').Split('\n'));

        string[] sample = ["sample", "--count", "1", "--classes", "star,heart", "--steps", "2", "--out"];
        var cache = Path.GetFullPath(Built.InCache($"libtorch-cpu-{Built.Platform}", Built.LibTorchVersion));
        var packages = Path.GetFullPath(Path.Combine(cache, "..", ".."));
        folder.With("NUGET_PACKAGES", packages).Run(dit, [.. sample, "cache.png"]).Succeeds();
        without
            .With("DIT_LIBTORCH", Path.Combine(cache, "runtimes", Built.Platform, "native"))
            .Run(dit, [.. sample, "named.png"])
            .Succeeds();
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder.Folder, "cache.png")), File.ReadAllBytes(Path.Combine(folder.Folder, "named.png")));
        Assert.Equal(2 * 98 + 2, folder.Picture("cache.png").Height);
    }

    private const string Ten = """
        model: Digits
        depth: 2
        width: 64
        heads: 4
        patch_size: 4
        input: { channels: 3, size: 32 }
        conditioning: { classes: 10 }
        diffusion: { prediction: start-x, variance: fixed-small, schedule: squared-cosine }
        samplers:
          ddim-5: { method: ddim, steps: 5 }
        """;

    [Fact]
    public void From_an_empty_folder_a_spec_is_trained_and_drawn_with_no_project_anywhere()
    {
        var folder = packed.EmptyFolder("no-project");
        folder.Dotnet("tool", "install", "Dit.Cli", "--version", packed.Version, "--tool-path", "installed").Succeeds();
        var dit = Path.Combine(folder.Folder, "installed", OperatingSystem.IsWindows() ? "dit.exe" : "dit");
        var packages = Path.GetFullPath(Path.Combine(Built.InCache($"libtorch-cpu-{Built.Platform}", Built.LibTorchVersion), "..", ".."));
        var user = folder
            .In(Directory.CreateDirectory(Path.Combine(folder.Folder, "empty")).FullName)
            .With("NUGET_PACKAGES", packages)
            .With("DIT_CACHE", Path.Combine(folder.Folder, "cache"));

        user.Write("my.dit.yaml", Ten);
        Assert.StartsWith("Digits (class Digits, spec ", user.Run(dit, "check", "my.dit.yaml").Succeeds(), StringComparison.Ordinal);
        user.Run(dit, "data", "shapes", "--out", "images", "--count", "40").Succeeds();
        var trained = user.Run(dit, "train", "--model", "my.dit.yaml", "--data", "images", "--steps", "3", "--batch", "4").Succeeds();
        Assert.StartsWith("Training Digits (", trained, StringComparison.Ordinal);
        var drawn = user.Run(dit, "sample", "-c", "run/weights.safetensors", "--gif", "--count", "2").Succeeds();
        // a slow machine shows progress before
        Assert.Contains("Wrote 20 samples of Digits (ddim-5, guidance 2, seed 0) to ", drawn, StringComparison.Ordinal);
        Assert.Equal(10 * 98 + 2, user.Picture("samples.png").Height);
        Assert.Equal("GIF89a"u8.ToArray(), File.ReadAllBytes(Path.Combine(user.Folder, "samples.gif"))[..6]);
        Assert.Equal(
            ["images", "my.dit.yaml", "run", "samples.gif", "samples.png"],
            Directory.EnumerateFileSystemEntries(user.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(folder.Folder, "cache")));

        // A compiler that cannot even be loaded: what is compiled already, and what the tool was built with, needs
        // none.
        foreach (
            var roslyn in Directory
                .EnumerateFiles(Path.Combine(folder.Folder, "installed"), "Microsoft.CodeAnalysis*.dll", SearchOption.AllDirectories)
                .ToArray())
            File.WriteAllText(roslyn, "none");
        Assert.Contains("675,129,632", user.Run(dit, "models").Succeeds(), StringComparison.Ordinal);
        user.Run(dit, "sample", "--count", "1", "--classes", "star", "--steps", "2").Succeeds();
        user.Run(dit, "sample", "-c", "run/weights.safetensors", "--count", "1").Succeeds();
        user.With("DIT_CACHE", "off").Run(dit, "sample", "-c", "run/weights.safetensors", "--count", "1").Fails(2);
    }
}
