using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>Runs for the tests of their pages.</summary>
public sealed class ReportedRun : IDisposable
{
    /// <summary>A class whose name is markup.</summary>
    internal const string Hostile = "a <b>&amp; \"'";

    private readonly TestFolder folder = new();

    public ReportedRun()
    {
        ShapesDataset.Write(folder.Path("shapes"), 40, 1, size: 8);
        string[] classes = [.. Directory.GetDirectories(folder.Path("shapes")).Order(StringComparer.Ordinal)];
        foreach (var extra in classes.Skip(3)) Directory.Delete(extra, recursive: true);
        Directory.Move(classes[0], folder.Path("shapes", OperatingSystem.IsWindows() ? "a & b" : Hostile));
        folder.File("small.dit.yaml", SmallSpec.Of(classes: 3));
        Training = Cli.Run(Start("run & run", "--steps", "120", "--sample-every", "30")).Succeeds();
    }

    internal string[] Start(string name, params string[] more) =>
    [
        "train", "--data", folder.Path("shapes"), "--out", folder.Path(name), "--model", folder.Path("small.dit.yaml"), "--batch", "6",
        "--ema", "0.9", "--lr", "1e-3", .. more,
    ];

    /// <summary>What training wrote to the output.</summary>
    public string Training { get; }

    /// <summary>The folder of a finished run.</summary>
    public string Folder => folder.Path("run & run");

    internal string Path(params string[] parts) => folder.Path(parts);

    /// <inheritdoc/>
    public void Dispose() => folder.Dispose();
}

/// <summary>The page of a run: one file, well-formed, with nothing from elsewhere.</summary>
public sealed partial class ReportTests(ReportedRun run) : IClassFixture<ReportedRun>
{
    private static readonly string[] Sections =
        ["Samples", "Curves", "Go on from here", "Model", "Recipe", "Data", "Machine", "Files", "Spec"];

    // Markup that XML does not have, such as a tag that is not closed or a name of a character, is an error.
    private static XElement Parse(string path)
    {
        using var reader = XmlReader.Create(
            new StringReader(File.ReadAllText(path)), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader).Root ?? throw new InvalidOperationException("The page is empty.");
    }

    private static string Text(XElement page) =>
        string.Join('\n', page.Descendants().Where(static e => !e.HasElements).Select(static e => e.Value));

    [Fact]
    public void A_run_leaves_a_page_with_all_that_is_known_of_it()
    {
        var path = Path.Combine(run.Folder, "report.html");
        Assert.Contains($"Wrote {path}\n", run.Training, StringComparison.Ordinal);
        Assert.Contains($"Wrote {Path.Combine(run.Folder, "samples")}\n", run.Training, StringComparison.Ordinal);
        var page = Parse(path);
        Assert.Equal(Sections, page.Descendants("h2").Select(static title => title.Value));
        Assert.Equal(6, page.Descendants("figure").Count(static figure => (string?)figure.Attribute("class") == "chart"));
        Assert.Equal(
            ["Step 120", "Step 30", "Step 60", "Step 90"],
            page.Descendants("img").Select(static image => image.Parent!.Element("figcaption")!.Value));
        var text = Text(page);
        Assert.All(
            (string[])
            [
                "Trained for 120 steps", "1,000 timesteps", "patch_size: 4", "sha256:",
                "weights.safetensors", "Weight decay", "0.001", $"{Environment.Version.Major}.", "dit train --data",
            ],
            part => Assert.Contains(part, text, StringComparison.Ordinal));
        var last = TrainingMetrics.Read(Path.Combine(run.Folder, "metrics.jsonl")).TakeLast(100).Average(static step => step.Loss);
        Assert.Contains(FormattableString.Invariant($"{last:G4}"), text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_needs_no_other_file_no_network_and_no_script()
    {
        var page = Parse(Path.Combine(run.Folder, "report.html"));
        Assert.DoesNotContain(page.Descendants(), static element =>
            element.Name.LocalName is "script" or "link" or "iframe" or "object" or "embed" or "base" or "a" or "form");
        var sources = page.DescendantsAndSelf().Attributes().Where(static attribute =>
            attribute.Name.LocalName is "src" or "srcset" or "href" or "data" or "poster" or "action" or "background" or "style");
        Assert.All(sources, static source => Assert.Matches("^data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+$", source.Value));
        Assert.DoesNotContain(page.DescendantsAndSelf().Attributes(), static attribute =>
            attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        var style = Assert.Single(page.Descendants("style")).Value;
        Assert.DoesNotMatch("url\\(|@import|https?:", style);
        foreach (var image in page.Descendants("img").Select(static image => image.Attribute("src")!.Value))
            Assert.NotEmpty(Convert.FromBase64String(image[(image.IndexOf(',', StringComparison.Ordinal) + 1)..]));
    }

    [UnixFact("Windows has no such names.")]
    public void Names_that_are_markup_are_text()
    {
        var page = Parse(Path.Combine(run.Folder, "report.html"));
        Assert.Contains(
            page.Descendants("td"), static cell => cell.Value.StartsWith($"{ReportedRun.Hostile}, ", StringComparison.Ordinal));
        Assert.Empty(page.Descendants("b"));
        Assert.Equal("\uFFFDx &lt;\t", Html.Of($"{"\u0001x <\t"}").Markup);
    }

    [Fact]
    public void A_stopped_run_has_a_page_and_one_that_has_gone_on_another()
    {
        var folder = run.Path("stopped");
        var command = run.Start("stopped", "--steps", "40", "--sample-every", "10");
        Assert.Equal(DitCommand.Stopped, Cli.RunUntil("step 21/", command).Code);
        var stopped = Text(Parse(Path.Combine(folder, "report.html")));
        Assert.Contains("Stopped after step 21 of 40", stopped, StringComparison.Ordinal);
        Assert.Contains($"--out {folder} --resume", stopped, StringComparison.Ordinal);
        Assert.Contains("sample -c ", stopped, StringComparison.Ordinal);
        Cli.Run([.. command, "--resume"]).Succeeds();
        var finished = Text(Parse(Path.Combine(folder, "report.html")));
        Assert.Contains("Trained for 40 steps", finished, StringComparison.Ordinal);
        Assert.Contains("2, each resumed", finished, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_failed_says_why()
    {
        var folder = run.Path("failed");
        Cli.RunUntil("step 5/", run.Start("failed", "--steps", "40"));
        (RunSession.Begin("dit", TorchSharp.torch.CPU) with { Failure = "The loss is NaN at step 6; <it>." }).AppendTo(folder);
        var written = Cli.Run("report", folder, "--out", run.Path("failed.html")).Succeeds();
        Assert.Equal($"Wrote {run.Path("failed.html")}\n", written);
        var warning = Parse(run.Path("failed.html")).Descendants("p").Single(static p => (string?)p.Attribute("class") == "warning");
        Assert.Equal("The loss is NaN at step 6; <it>.", warning.Value);
    }

    [Fact]
    public void A_page_can_be_written_again_and_is_the_same_but_for_its_date()
    {
        var before = File.ReadAllText(Path.Combine(run.Folder, "report.html"));
        Cli.Run("report", run.Folder).Succeeds();
        var after = File.ReadAllText(Path.Combine(run.Folder, "report.html"));
        Assert.Equal(Date().Replace(before, ""), Date().Replace(after, ""));
    }

    [Fact]
    public void What_is_no_run_is_one_line()
    {
        Assert.StartsWith("There is no folder '", Cli.Run("report", run.Path("none")).Mistake(), StringComparison.Ordinal);
        Assert.StartsWith("There is no checkpoint in '", Cli.Run("report", run.Path("shapes")).Mistake(), StringComparison.Ordinal);
        Assert.Contains(
            "name one that ends in .html", Cli.Run("report", run.Folder, "--out", "a.png").Mistake(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 1.0, 2.0, 0.0)]
    [InlineData(false, 0.0, 0.0, 0.0)]
    [InlineData(true, 1e-9, 1e9, 1.0)]
    [InlineData(false, -1.0, 1.0, double.NaN)]
    public void A_curve_lies_in_its_chart(bool isLog, params double[] values)
    {
        var line = new ChartLine("x", [.. values.Select(static (value, i) => new PlotPoint(i + 1, value))]);
        var chart = XElement.Parse(ReportChart.Of("A < B", [line], isLog).Markup);
        Assert.Equal("A < B", chart.Element("figcaption")!.Value);
        var numbers = chart.Descendants("path").SelectMany(static path => Number().Matches(path.Attribute("d")!.Value));
        Assert.All(numbers, static number =>
            Assert.InRange(double.Parse(number.Value, System.Globalization.CultureInfo.InvariantCulture), 0, 640));
        Assert.DoesNotContain("NaN", chart.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_chart_of_less_than_two_points_is_none()
    {
        Assert.Same(Html.None, ReportChart.Of("x", [new("x", [new(1, 1)])], isLog: false));
        Assert.Same(Html.None, ReportChart.Of("x", [new("x", [new(1, 0), new(2, -1), new(3, 4)])], isLog: true));
    }

    [GeneratedRegex(@"Written by .*UTC")]
    private static partial Regex Date();

    [GeneratedRegex(@"-?[0-9.]+")]
    private static partial Regex Number();
}
