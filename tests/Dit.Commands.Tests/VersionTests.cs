namespace Dit.Commands.Tests;

public sealed class VersionTests
{
    [Theory]
    [InlineData("0.2.0", "0.2.0")]
    [InlineData("0.2.0+1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b", "0.2.0 (commit 1a2b3c4d5e)")]
    [InlineData("0.2.0-alpha.3.g1a2b3c4d5e+1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b", "0.2.0-alpha.3.g1a2b3c4d5e")]
    [InlineData("1.0.0+local", "1.0.0")]
    [InlineData("1.0.0+builtbysomebody", "1.0.0")]
    [InlineData("1.0.0+local.1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b", "1.0.0 (commit 1a2b3c4d5e)")]
    [InlineData("", "")]
    public void A_version_is_shown_with_as_much_of_the_commit_as_people_read(string version, string shown) =>
        Assert.Equal(shown, ShowVersion.Readable(version));

    [Fact]
    public void The_program_says_its_version_in_one_line() => Assert.Single(Cli.Run("--version").Succeeds().TrimEnd('\n').Split('\n'));
}
