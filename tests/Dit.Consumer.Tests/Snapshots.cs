using System.Text.RegularExpressions;

namespace Dit.Consumer.Tests;

/// <summary>What tests of snapshots share.</summary>
internal static partial class Snapshots
{
    // Each makes a build an error that is a warning on a desk.
    private static readonly string[] Servers =
    [
        "CI", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI", "TEAMCITY_VERSION", "JENKINS_URL", "APPVEYOR", "TRAVIS", "CIRCLECI", "BUILDKITE",
        "CODEBUILD_BUILD_ID", "BITBUCKET_BUILD_NUMBER",
    ];

    /// <summary>As at a desk, wherever these tests run; and nobody's diff tool opens.</summary>
    public static Shell AtADesk(this Shell shell) =>
        Servers.Aggregate(shell, static (desk, server) => desk.With(server, null)).With("DiffEngine_Disabled", "true");

    public static Shell OnAServer(this Shell shell) => shell.With("CI", "true");

    /// <summary>The lines of DIT904, each with its severity, without the file and the project.</summary>
    public static IReadOnlyList<string> Told(this Ran ran) => ran.All.Told();

    public static IReadOnlyList<string> Told(this string all) =>
        [.. Line().Matches(all).Select(static match => match.Groups[1].Value).Distinct()];

    [GeneratedRegex(@"((?:error|warning) DIT904: .*?)(?= \[[^\n]*proj(?:::[^\n]*)?\]|\r?\n|$)")]
    private static partial Regex Line();
}
