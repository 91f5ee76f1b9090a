using Dit.Snapshots;
using Dit.Spec;
using Microsoft.Build.Framework;

namespace Dit.Build;

/// <summary>
/// Compares what the generator wrote for a project with the committed snapshots, or makes it the committed ones.
/// </summary>
public sealed class CheckSnapshots : ITask
{
    private const string Code = "DIT904";

    /// <summary>The build that this runs in, which MSBuild sets.</summary>
    public IBuildEngine BuildEngine { get; set; } = null!;

    /// <summary>Not used.</summary>
    public ITaskHost? HostObject { get; set; }

    /// <summary>The full path of the project.</summary>
    [Required]
    public string Project { get; set; } = "";

    /// <summary>The folder of the snapshots, relative to the project.</summary>
    [Required]
    public string Folder { get; set; } = "";

    /// <summary>The folder that the compiler leaves the generated files in, relative to the project.</summary>
    [Required]
    public string Generated { get; set; } = "";

    /// <summary>The specs of the project.</summary>
    public ITaskItem[] Specs { get; set; } = [];

    /// <summary>Whether to accept what was generated, and not to compare it.</summary>
    public bool Accept { get; set; }

    /// <summary><c>error</c>, <c>warning</c>, <c>none</c>; empty for what the machine calls for.</summary>
    public string Severity { get; set; } = "";

    /// <summary>The property of that name.</summary>
    public string ContinuousIntegrationBuild { get; set; } = "";

    /// <summary>The folder that the build was started in.</summary>
    public string StartedIn { get; set; } = "";

    /// <summary>The framework, of a project with several; empty otherwise.</summary>
    public string Framework { get; set; } = "";

    private string Below => Path.GetDirectoryName(Project) ?? "";

    private string Label => Folder.Trim().Replace('\\', '/').TrimEnd('/');

    private string Place => Path.GetFullPath(Path.Combine(Below, Label));

    /// <summary>Runs the task.</summary>
    /// <returns>Whether the build may go on.</returns>
    public bool Execute()
    {
        if (Choices.SeverityOf(Severity, ContinuousIntegrationBuild, Environment.GetEnvironmentVariable) is not { } severity)
            return Fail($"DitSnapshotsSeverity is '{Severity}'; it can be error, warning or none.");
        if (severity == Build.Severity.None && !Accept) return true;
        if (File.Exists(Place)) return Fail($"DitSnapshots names a folder, such as 'snapshots', and '{Label}' is a file.");
        try
        {
            if (Written() is not { } now) return false;
            var review = SnapshotReview.Of(now, Committed());
            return Accept ? Take(review) : Say(review, severity);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail($"The snapshots in '{Label}' cannot be read or written: {e.Message}");
        }
    }

    /// <summary>What the build wrote, the table of models first; null where a file is not there.</summary>
    private IReadOnlyList<Snapshot>? Written()
    {
        var models = Specs.Select(static item => item.GetMetadata("FullPath")).Where(SpecFile.IsSpec)
            .OrderBy(SpecFile.OrderKey, StringComparer.Ordinal)
            .SelectMany(static path => SpecFile.Parse(File.ReadAllBytes(path)).Models).Select(static model => model.Spec).ToArray();
        if (models.Length == 0) return [];
        var snapshots = new List<Snapshot> { new(ModelTable.Name, "md", ModelTable.Markdown(models)) };
        foreach (var name in models.Select(static model => model.ClassName).Append("DitModels"))
        {
            var path = Path.Combine(Below, Generated.Replace('\\', '/'), $"{name}.g.cs");
            if (!File.Exists(path))
            {
                Fail($"The compiler left no file {path}, which is to be compared with its snapshot. Build again with --no-incremental.");
                return null;
            }
            snapshots.Add(new($"{name}.g", "cs", SnapshotFile.Normal(File.ReadAllText(path))));
        }
        return snapshots;
    }

    private Dictionary<string, string> Committed() => Files("*.g.verified.cs").Concat(Files($"{ModelTable.Name}.verified.md"))
        .ToDictionary(
            static path => Path.GetFileName(path),
            static path => SnapshotFile.Normal(File.ReadAllText(path)));

    private string[] Files(string pattern) => Directory.Exists(Place) ? Directory.GetFiles(Place, pattern) : [];

    private bool Say(SnapshotReview review, Severity severity)
    {
        var reports = new SnapshotReports(Label, AcceptCommand()).Of(review);
        var trouble = Receive(review);
        foreach (var report in reports)
            Log(
                severity,
                report with
                {
                    Text = trouble is null ? report.Text : $"{report.Text}\nThe new files could not be written beside it: {trouble}",
                });
        return reports.Count == 0 || severity != Build.Severity.Error;
    }

    // A build server may have a checkout that nothing can be written to: the message says all the same what differs.
    private string? Receive(SnapshotReview review)
    {
        try
        {
            var received = review.Findings.SelectMany(static finding => finding.Match<IEnumerable<Snapshot>>(
                static differs => [differs.Now], static missing => [missing.Now], static _ => [])).ToArray();
            foreach (var snapshot in received) At(snapshot).Receive(snapshot.Text);
            Forget([.. received.Select(static snapshot => snapshot.Received)]);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Removes what earlier builds left and no longer is the news.</summary>
    private void Forget(IReadOnlyCollection<string> but)
    {
        foreach (var path in Files("*.g.received.cs").Concat(Files($"{ModelTable.Name}.received.md")))
            if (!but.Contains(Path.GetFileName(path)) && SnapshotReview.IsOurs(File.ReadAllText(path))) File.Delete(path);
    }

    private bool Take(SnapshotReview review)
    {
        // Removed first: where a model's name changed in upper and lower case only, both may be one file.
        foreach (var finding in review.Findings.Reverse())
            Tell(finding.Match(
                differs => Put(differs.Now, "updated"),
                missing => Put(missing.Now, "added"),
                leftover =>
                {
                    File.Delete(Path.Combine(Place, leftover.File));
                    return $"removed {Label}/{leftover.File}";
                }));
        Forget([]);
        if (review.Findings.Count == 0)
            Tell($"nothing to accept: the {review.Now.Count} snapshots in {Label} are what the build generates");
        return true;
    }

    private string Put(Snapshot snapshot, string verb)
    {
        At(snapshot).Accept(snapshot.Text);
        return $"{verb} {Label}/{snapshot.Verified}";
    }

    private SnapshotFile At(Snapshot snapshot) => new(Place, snapshot.Name, snapshot.Extension);

    private string AcceptCommand() => Choices.Command(StartedIn, Project, Directory.GetFiles(Below).Count(Choices.IsBuilt) == 1, Framework);

    private void Tell(string text) => BuildEngine.LogMessageEvent(new(text, null, nameof(CheckSnapshots), MessageImportance.High));

    private bool Fail(string text)
    {
        Log(Build.Severity.Error, new(Project, 0, text));
        return false;
    }

    private void Log(Severity severity, Report report)
    {
        if (severity == Build.Severity.Error)
            BuildEngine.LogErrorEvent(new("", Code, report.File, report.Line, 0, 0, 0, report.Text, null, nameof(CheckSnapshots)));
        else BuildEngine.LogWarningEvent(new("", Code, report.File, report.Line, 0, 0, 0, report.Text, null, nameof(CheckSnapshots)));
    }
}
