using Dit.Testing;

namespace Dit.Generator.Tests;

/// <summary>The package Dit.Testing: where a test's source is, when the build has mapped its path.</summary>
public class SourcePlaceTests
{
    [Theory]
    [InlineData("/home/me/repo/tests/A.Tests/Sub/B.cs", "/home/me/repo/tests/A.Tests/Sub/B.cs")] // not mapped
    [InlineData("/_/tests/A.Tests/Sub/B.cs", "/home/me/repo/tests/A.Tests/Sub/B.cs")]
    [InlineData("/_1/tests/A.Tests/Sub/B.cs", "/home/me/repo/tests/A.Tests/Sub/B.cs")]
    [InlineData("/_/tests\\A.Tests\\Sub\\B.cs", "/home/me/repo/tests/A.Tests/Sub/B.cs")]
    [InlineData("/src/of/ours/Sub/B.cs", "/home/me/repo/tests/A.Tests/Sub/B.cs")]               // PathMap of the project
    [InlineData("C:\\agent\\1\\s\\tests\\A.Tests\\B.cs", "/home/me/repo/tests/A.Tests/B.cs")]  // built on a different machine
    [InlineData("/_/tests/A.Tests/B.cs", "/home/me/repo/tests/A.Tests/B.cs")]                    // and not that of the other project
    [InlineData("/_/shared/B.cs", "/home/me/repo/shared/B.cs")]                                  // outside the project
    [InlineData("/_/tests/A.Tests/Gone.cs", null)]
    [InlineData("", null)]
    public void It_is_found_from_the_folder_of_the_project(string source, string? found)
    {
        string[] files =
        [
            "/home/me/repo/tests/A.Tests/Sub/B.cs",
            "/home/me/repo/tests/A.Tests/B.cs",
            "/home/me/repo/tests/Other.Tests/B.cs",
            "/home/me/repo/shared/B.cs",
            "/home/me/repo/B.cs",
            "/B.cs",
        ];
        Assert.Equal(found, SourcePlace.Find(source, ["/nowhere", "/home/me/repo/tests/A.Tests/bin/Release/net10.0"], files.Contains));
        Assert.Equal(found, SourcePlace.Find(source, ["/home/me/repo/tests/A.Tests/", "/home/me/artifacts/bin"], files.Contains));
    }
}
