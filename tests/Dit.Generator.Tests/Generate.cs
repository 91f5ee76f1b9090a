using System.Collections.Immutable;
using System.Text;
using Dit.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Generator.Tests;

/// <summary>One spec file handed to the generator.</summary>
internal sealed class SpecText(string path, string text, Encoding? encoding = null) : AdditionalText
{
    public override string Path => path;

    public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text, encoding);
}

/// <summary>A project that the generator runs in.</summary>
/// <param name="RootNamespace">Its property.</param>
/// <param name="Code">Its own code.</param>
internal sealed record Project(string RootNamespace = "Consumer", params IReadOnlyList<string> Code)
{
    public string AssemblyName { get; init; } = "Consumer";

    public LanguageVersion Language { get; init; } = LanguageVersion.Latest;

    /// <summary>Projects that it references.</summary>
    public IReadOnlyList<Generate> References { get; init; } = [];

    /// <summary>Additional files that are no specs.</summary>
    public IReadOnlyList<SpecText> OtherFiles { get; init; } = [];

    /// <summary>Its other properties.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    public CSharpParseOptions ParseOptions => new(Language, DocumentationMode.Diagnose);
}

/// <summary>Runs the generator as the compiler does. Every test goes through here.</summary>
internal sealed class Generate
{
    private static readonly CSharpCompilation Empty = CSharpCompilation.Create(
        "Consumer",
        references: References(),
        options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

    private readonly GeneratorDriver driver;
    private readonly IReadOnlyList<SpecText> files;
    private readonly CSharpCompilation compilation;

    private Generate(GeneratorDriver driver, IReadOnlyList<SpecText> files, CSharpCompilation compilation)
    {
        this.driver = driver.RunGenerators(compilation);
        this.files = files;
        this.compilation = compilation;
    }

    public static Generate From(params IReadOnlyList<SpecText> files) => In("Consumer", files);

    /// <summary>Runs the generator in a project of some root namespace.</summary>
    public static Generate In(string rootNamespace, params IReadOnlyList<SpecText> files) => In(new Project(rootNamespace), files);

    /// <summary>Runs the generator in a project.</summary>
    public static Generate In(Project project, params IReadOnlyList<SpecText> files) => new(
        CSharpGeneratorDriver.Create(
            [new DitGenerator().AsSourceGenerator()],
            [.. files, .. project.OtherFiles],
            project.ParseOptions,
            new Options(project),
            new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true)),
        files,
        Empty.WithAssemblyName(project.AssemblyName)
            .AddReferences(project.References.Select(static project => project.Compiled.ToMetadataReference()))
            .AddSyntaxTrees(project.Code.Select(code => CSharpSyntaxTree.ParseText(code, project.ParseOptions))));

    /// <summary>The project with what was written for it.</summary>
    public Compilation Compiled
    {
        get
        {
            driver.RunGeneratorsAndUpdateCompilation(compilation, out var compiled, out _);
            return compiled;
        }
    }

    public GeneratorRunResult Result => Assert.Single(driver.GetRunResult().Results);

    public IReadOnlyDictionary<string, string> Sources =>
        Result.GeneratedSources.ToDictionary(static s => s.HintName, static s => s.SourceText.ToString());

    public ImmutableArray<Diagnostic> Diagnostics => Result.Diagnostics;

    /// <summary>The same driver after an edit of one file.</summary>
    public Generate Edit(string path, Func<string, string> edit)
    {
        var old = files.Single(f => f.Path == path);
        var changed = new SpecText(path, edit(old.GetText().ToString()));
        Assert.NotEqual(old.GetText().ToString(), changed.GetText().ToString());
        return new(driver.ReplaceAdditionalText(old, changed), [.. files.Select(f => f == old ? changed : f)], compilation);
    }

    /// <summary>The same driver over files of equal text, as an editor hands them over anew.</summary>
    public Generate Again()
    {
        SpecText[] copies = [.. files.Select(static f => new SpecText(f.Path, f.GetText().ToString()))];
        return new(
            files.Zip(copies).Aggregate(driver, static (d, pair) => d.ReplaceAdditionalText(pair.First, pair.Second)),
            copies,
            compilation);
    }

    /// <summary>The same driver after an edit of the project's own code.</summary>
    public Generate EditCode(string code) => new(driver, files, Empty.AddSyntaxTrees(CSharpSyntaxTree.ParseText(code)));

    /// <summary>What happened to the values of a step in the last run.</summary>
    public IReadOnlyList<IncrementalStepRunReason> Reasons(string step) =>
        [.. Result.TrackedSteps[step].SelectMany(static run => run.Outputs).Select(static output => output.Reason)];

    /// <summary>How many files were written anew in the last run; the driver keeps no more than that.</summary>
    public int Emitted => Result.TrackedOutputSteps["SourceOutput"].SelectMany(static run => run.Outputs)
        .Count(static output => output.Reason is IncrementalStepRunReason.New or IncrementalStepRunReason.Modified);

    /// <summary>Nothing at all was computed in a second run.</summary>
    public Generate AssertCached()
    {
        Again().AssertNothingComputed();
        return this;
    }

    /// <summary>Nothing at all was computed in the last run.</summary>
    public void AssertNothingComputed()
    {
        foreach (var step in new[] { Steps.Files, Steps.Models, Steps.Names, Steps.Place, Steps.Outputs })
            Assert.All(Reasons(step), reason =>
                Assert.Contains(reason, new[] { IncrementalStepRunReason.Cached, IncrementalStepRunReason.Unchanged }));
        Assert.Equal(0, Emitted);
    }

    /// <summary>What was written compiles, without a warning and with its documentation in order.</summary>
    public Generate AssertCompiles()
    {
        Assert.Empty(Diagnostics);
        Assert.Empty(CompilerComplaints().Select(static d => d.ToString()));
        return this;
    }

    /// <summary>The compiler's errors about code that uses the generated models.</summary>
    public IReadOnlyList<string> ErrorsOf(string code)
    {
        Assert.Empty(Diagnostics);
        driver.RunGeneratorsAndUpdateCompilation(compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText(code)), out var used, out _);
        return [.. used.GetDiagnostics().Where(static d => d.Severity == DiagnosticSeverity.Error)
            .Select(static d => $"{d.Id}: {d.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}")];
    }

    /// <summary>
    /// Errors and warnings of the compiler about a program that uses the generated models, in the files given.
    /// </summary>
    public IReadOnlyList<string> ComplaintsOfProgram(IEnumerable<MetadataReference> more, params IReadOnlyList<string> files)
    {
        Assert.Empty(Diagnostics);
        var program = Empty.WithOptions(Empty.Options.WithOutputKind(OutputKind.ConsoleApplication)).AddReferences(more)
            .AddSyntaxTrees(files.Select(static file => CSharpSyntaxTree.ParseText(file)));
        driver.RunGeneratorsAndUpdateCompilation(program, out var compilation, out _);
        return
        [
            .. compilation.GetDiagnostics().Where(static d => d.Severity >= DiagnosticSeverity.Warning).Select(static d => d.ToString()),
        ];
    }

    /// <summary>Errors and warnings of the compiler about what was written.</summary>
    public IEnumerable<Diagnostic> CompilerComplaints() =>
        Compiled.GetDiagnostics().Where(static d => d.Severity >= DiagnosticSeverity.Warning);

    // What this test runs on, the runtime and TorchSharp among it.
    private static IEnumerable<MetadataReference> References() =>
        ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator)
            .Append(typeof(ModelDefinition).Assembly.Location)
            .Where(static path => Path.GetFileName(path) is var name && (name.StartsWith("System.")
                || name is "netstandard.dll" or "mscorlib.dll" or "TorchSharp.dll" or "Dit.Checkpoints.dll" or "Dit.Runtime.dll"))
            .Distinct()
            .Select(static path => MetadataReference.CreateFromFile(path));

    private sealed class Options(Project project) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Values(project);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Values(Project project) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, out string value)
            {
                value =
                    key == "build_property.RootNamespace"
                        ? project.RootNamespace
                        : project.Properties.GetValueOrDefault(key.Replace("build_property.", ""), "");
                return value.Length > 0;
            }
        }
    }
}
