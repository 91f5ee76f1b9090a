using System.Reflection;
using Dit.Generator;
using Dit.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Benchmarks;

/// <summary>
/// The source generator over the specs that ship, as the compiler runs it: the first time in a process, later, and
/// after an edit.
/// </summary>
internal sealed class GeneratorPart(Bench bench)
{
    private const int Rounds = 7;

    private static readonly string Definitions = Path.Combine(
        typeof(GeneratorPart).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static a => a.Key == "RepositoryRoot").Value
            ?? "",
        "definitions");

    private readonly CSharpCompilation empty = CSharpCompilation.Create("Consumer", options: new(OutputKind.DynamicallyLinkedLibrary));

    /// <exception cref="DitException">The specs are not there.</exception>
    public IEnumerable<BenchRow> Measure()
    {
        const string name = "generator";
        if (!Directory.Exists(Definitions))
            throw new DitException(
                $"The folder of specs '{Definitions}' is not there: the generator is measured in the repository that this program was "
                    + $"built in.");
        SpecText[] files =
        [
            .. Directory
                .GetFiles(Definitions, "*.dit.yaml")
                .Order(StringComparer.Ordinal)
                .Select(static path => new SpecText(path, File.ReadAllText(path))),
        ];
        bench.Status.Show($"{name}  first run");
        var driver = New(files);
        var firstMs = bench.Time(() => driver = driver.RunGenerators(empty, bench.Cancellation));
        Require(driver.GetRunResult());
        if (Repeat(() => New(files).RunGenerators(empty, bench.Cancellation)) is { } anew)
            yield return Row("generator, anew", anew) with { FirstMs = firstMs };
        if (Repeat(() => driver = Touch(driver, files).RunGenerators(empty, bench.Cancellation)) is { } same)
            yield return Row("generator, no edit", same);
        var edits = 0;
        if (Repeat(() => driver = Edit(driver, files, ++edits).RunGenerators(empty, bench.Cancellation)) is { } edited)
            yield return Row("generator, an edit", edited);

        BenchRow Row(string title, IReadOnlyList<double> times) =>
            new(title, name) { Rounds = times.Count, OursMs = Quartiles.Of(times).Median };
    }

    private List<double>? Repeat(Action run)
    {
        var times = new List<double>();
        for (var i = 0; i < (bench.Options.Rounds ?? Rounds) && !bench.Cancellation.IsCancellationRequested; i++)
            times.Add(bench.Time(run));
        return times.Count > 0 ? times : null;
    }

    private static GeneratorDriver New(IReadOnlyList<SpecText> files) => CSharpGeneratorDriver.Create(
        [new DitGenerator().AsSourceGenerator()], files, new CSharpParseOptions(LanguageVersion.Latest), new Options());

    // As an editor hands files over anew.
    private static GeneratorDriver Touch(GeneratorDriver driver, SpecText[] files)
    {
        for (var i = 0; i < files.Length; i++)
        {
            var copy = new SpecText(files[i].Path, files[i].GetText().ToString());
            (driver, files[i]) = (driver.ReplaceAdditionalText(files[i], copy), copy);
        }
        return driver;
    }

    // A comment: the file is read and checked again, and nothing has to be written.
    private static GeneratorDriver Edit(GeneratorDriver driver, SpecText[] files, int count)
    {
        var edited = new SpecText(files[0].Path, $"{files[0].GetText()}# {count}\n");
        driver = driver.ReplaceAdditionalText(files[0], edited);
        files[0] = edited;
        return driver;
    }

    private static void Require(GeneratorDriverRunResult result)
    {
        if (result.Diagnostics.Length > 0 || result.GeneratedTrees.Length == 0)
            throw new InvalidOperationException(
                $"The generator wrote {result.GeneratedTrees.Length} files and said {string.Join("; ", result.Diagnostics)}");
    }

    private sealed class SpecText(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }

    private sealed class Options : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Values();

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Values : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, out string value)
            {
                value = key == "build_property.RootNamespace" ? "Consumer" : "";
                return value.Length > 0;
            }
        }
    }
}
