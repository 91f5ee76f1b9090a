using System.Reflection;
using Dit.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Benchmarks;

/// <summary>The source generator over the specs that ship: from nothing, and again after an edit of the project's code.</summary>
internal static class GeneratorComparison
{
    public static IEnumerable<Row> Run(CompareOptions options)
    {
        var folder = Path.Combine(Root(), "definitions");
        var texts = Directory.EnumerateFiles(folder, "*.dit.yaml").Order(StringComparer.Ordinal).Select(static path => (AdditionalText)new SpecFile(path, File.ReadAllText(path))).ToArray();
        var references = ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(static path => MetadataReference.CreateFromFile(path));
        var code = CSharpCompilation.Create("Benchmark", references: references);
        var edited = code.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Edited;"));
        var driver = NewDriver().RunGenerators(code);

        if (driver.GetRunResult().GeneratedTrees.Length == 0) throw new InvalidOperationException($"Nothing was generated from {folder}.", driver.GetRunResult().Results[0].Exception);

        var whole = Spread.Of(Times(() => NewDriver().RunGenerators(code)));
        yield return new("generator, first run", "", null, whole.Median, Note: $"{texts.Length} files, {driver.GetRunResult().GeneratedTrees.Length} generated");
        var again = Spread.Of(Times(() => driver.RunGenerators(edited)));
        yield return new("generator, C# edited", "", null, again.Median, Note: "nothing is generated anew");

        GeneratorDriver NewDriver() => CSharpGeneratorDriver.Create([new DitGenerator().AsSourceGenerator()], texts, optionsProvider: new Settings());

        IEnumerable<double> Times(Action action) => Enumerable.Range(0, options.Rounds + 2).Select(_ => Paired.Seconds(action)).Skip(2);
    }

    private static string Root() => typeof(GeneratorComparison).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(static item => item.Key == "RepositoryRoot").Value ?? ".";

    /// <summary>What MSBuild tells the compiler of a project.</summary>
    private sealed class Settings : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Values();

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Values : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, out string value)
            {
                value = key == "build_property.RootNamespace" ? "Benchmark" : "";
                return value.Length > 0;
            }
        }
    }

    private sealed class SpecFile(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
