using System.Runtime.InteropServices;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>Where the commands that compute find libtorch.</summary>
/// <remarks>
/// Built in the repository, the program has one beside it. The packed tool has none, since it is too large for a
/// package and other on every platform: there it is what <c>DIT_LIBTORCH</c> names, or else the package that projects
/// on this machine were restored with.
/// </remarks>
internal static class TensorLibrary
{
    /// <summary>The version that TorchSharp is built for; the same as in Directory.Packages.props.</summary>
    internal const string Version = "2.10.0";

    /// <summary>Makes sure that tensors can be made.</summary>
    /// <exception cref="DitException">There is no libtorch, or it cannot be loaded.</exception>
    public static void Require()
    {
        LibTorch.Load();
        var packages = Packages(
            Environment.GetEnvironmentVariable("NUGET_PACKAGES"),
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
        if (!LibTorch.TryLoad(Folder(packages, Platform()))) throw new DitException(Advice(packages, Platform()));
    }

    /// <summary>The NuGet package cache: where the variable says, or in the user's folder.</summary>
    internal static string Packages(string? variable, string home) =>
        string.IsNullOrEmpty(variable) ? Path.Combine(home, ".nuget", "packages") : variable;

    /// <summary>Where a package of libtorch has its libraries.</summary>
    internal static string Folder(string packages, string platform) =>
        Path.Combine(packages, Package(platform), Version, "runtimes", platform, "native");

    internal static string Advice(string packages, string platform) =>
        $"This command computes with libtorch {Version}, and there is none: neither does {LibTorch.Variable} name a folder, nor is the "
            + $"package {Package(platform)} in '{packages}'; "
        + $"'dotnet new console -o fetch' and then 'dotnet add fetch package {Package(platform)} --version {Version}' fetch it.";

    private static string Package(string platform) => $"libtorch-cpu-{platform}";

    private static string Platform()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
