namespace Dit.Build;

/// <summary>How much a difference weighs.</summary>
internal enum Severity
{
    /// <summary>It fails the build.</summary>
    Error,

    /// <summary>It is said.</summary>
    Warning,

    /// <summary>Nothing is compared.</summary>
    None,
}

/// <summary>What follows from the properties of a project and the variables of a machine. Pure.</summary>
internal static class Choices
{
    // The servers that set no CI, and set one of these.
    private static readonly string[] Servers =
    [
        "CI", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI", "TEAMCITY_VERSION", "JENKINS_URL", "APPVEYOR", "TRAVIS", "CIRCLECI", "BUILDKITE",
        "CODEBUILD_BUILD_ID", "BITBUCKET_BUILD_NUMBER",
    ];

    /// <summary>
    /// What the property <c>DitSnapshotsSeverity</c> says, or else an error on a build server and a warning on a desk.
    /// </summary>
    /// <returns>Null where the property is no such word.</returns>
    public static Severity? SeverityOf(string property, string continuousIntegration, Func<string, string?> variable) =>
        property.Trim().ToLowerInvariant() switch
        {
            "error" => Severity.Error,
            "warning" => Severity.Warning,
            "none" => Severity.None,
            "" => IsSet(continuousIntegration) || Servers.Any(name => IsSet(variable(name))) ? Severity.Error : Severity.Warning,
            _ => null,
        };

    /// <summary>The command that accepts, as it is right where the build was started.</summary>
    /// <param name="startedIn">The folder that the build was started in.</param>
    /// <param name="project">The full path of the project.</param>
    /// <param name="isAlone">Whether the project is the only project or solution in its folder.</param>
    /// <param name="framework">The framework, of a project with several; empty otherwise.</param>
    public static string Command(string startedIn, string project, bool isAlone, string framework)
    {
        var (start, folder) = (Trimmed(startedIn), Trimmed(Path.GetDirectoryName(project) ?? ""));
        var isBelow = project.StartsWith(start + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        var name = start == folder && isAlone ? "" : " " + Quoted(isBelow ? project.Substring(start.Length + 1) : project);
        return $"dotnet build -t:DitAcceptSnapshots{name}{(framework.Length == 0 ? "" : $" -f {framework}")}";
    }

    /// <summary>Whether a file is one that <c>dotnet build</c> would find in its folder.</summary>
    public static bool IsBuilt(string path) =>
        Path.GetExtension(path) is var extension
        && (extension is ".sln" or ".slnx" || extension.EndsWith("proj", StringComparison.Ordinal));

    private static bool IsSet(string? value) => (value ?? "").Trim().ToLowerInvariant() is not ("" or "false" or "0" or "no" or "off");

    private static string Trimmed(string folder) => folder.TrimEnd('/', Path.DirectorySeparatorChar);

    private static string Quoted(string path) =>
        path.All(static c => char.IsLetterOrDigit(c) || c is '/' or '\\' or '.' or '-' or '_' or ':') ? path : $"\"{path}\"";
}
