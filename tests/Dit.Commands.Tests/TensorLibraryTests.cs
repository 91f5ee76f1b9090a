namespace Dit.Commands.Tests;

/// <summary>
/// Where the packed tool looks for libtorch; that it runs on what it finds is a test of the packages.
/// </summary>
public sealed class TensorLibraryTests
{
    private static readonly string Home = Path.Combine("home", "me");

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void The_package_cache_is_in_the_users_folder(string? variable) =>
        Assert.Equal(Path.Combine(Home, ".nuget", "packages"), TensorLibrary.Packages(variable, Home));

    [Fact]
    public void The_package_cache_is_where_the_variable_says() => Assert.Equal("elsewhere", TensorLibrary.Packages("elsewhere", Home));

    [Fact]
    public void The_libraries_lie_in_the_package_of_the_platform() => Assert.Equal(
        Path.Combine("cache", "libtorch-cpu-osx-arm64", TensorLibrary.Version, "runtimes", "osx-arm64", "native"),
        TensorLibrary.Folder("cache", "osx-arm64"));

    [Fact]
    public void Without_one_a_single_line_says_what_to_do()
    {
        var advice = TensorLibrary.Advice("cache", "linux-x64");
        Assert.DoesNotContain('\n', advice);
        Assert.Contains("DIT_LIBTORCH", advice, StringComparison.Ordinal);
        Assert.Contains(
            $"'dotnet add fetch package libtorch-cpu-linux-x64 --version {TensorLibrary.Version}'",
            advice,
            StringComparison.Ordinal);
    }
}
