using System.Collections.Immutable;
using Dit.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Commands;

/// <summary>
/// Compiles a spec as a project with the package Dit.Gen would: by the same generator and the same compiler.
/// </summary>
/// <remarks>The only code that uses Roslyn, which is loaded with the first call.</remarks>
internal static class SpecCompiler
{
    /// <summary>The namespace of the compiled models.</summary>
    internal const string Namespace = "Dit.InMemory";

    // Of what this program runs on, what generated code refers to; reading all of it would take longer than the models.
    private static readonly string[] Needed =
        [
            "System.Private.CoreLib",
            "System.Runtime",
            "System.Collections",
            "System.Linq",
            "netstandard",
            "TorchSharp",
            "Dit.Checkpoints",
            "Dit.Runtime",
        ];

    /// <summary>Compiles a spec without errors.</summary>
    /// <param name="spec">The text of the spec.</param>
    /// <param name="assemblyName">What the assembly is called.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The assembly, with the class <c>DitModels</c> in <see cref="Namespace"/>.</returns>
    public static byte[] Compile(string spec, string assemblyName, CancellationToken cancellation)
    {
        var language = new CSharpParseOptions(LanguageVersion.Latest, DocumentationMode.None);
        var driver = CSharpGeneratorDriver.Create(
            [new DitGenerator().AsSourceGenerator()], [new SpecFileText(spec)], language, new Properties());
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            optimizationLevel: OptimizationLevel.Release,
            nullableContextOptions: NullableContextOptions.Enable);
        var empty = CSharpCompilation.Create(assemblyName, references: References(), options: options);
        driver.RunGeneratorsAndUpdateCompilation(empty, out var models, out var reported, cancellation);
        using var assembly = new MemoryStream();
        var emitted = models.Emit(assembly, cancellationToken: cancellation);
        var errors = reported.Concat(emitted.Diagnostics).Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        return emitted.Success && !errors.Any()
            ? assembly.ToArray()
            : throw new InvalidOperationException($"The generated code does not compile: {errors.FirstOrDefault()}.");
    }

    private static ImmutableArray<MetadataReference> References()
    {
        var paths = ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator);
        return [.. Needed.Select(name => MetadataReference.CreateFromFile(
            paths.FirstOrDefault(path => Path.GetFileNameWithoutExtension(path) == name && File.Exists(path)) ?? throw new DitException(
                $"This program has only the models that it was built with: a spec is compiled against the file {name}.dll, "
                + "and a program that is published as one file or ahead of time has none.")))];
    }

    private sealed class SpecFileText(string text) : AdditionalText
    {
        public override string Path => "model.dit.yaml";

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }

    /// <summary>The properties of the project.</summary>
    private sealed class Properties : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Values();

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Values : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, out string value)
            {
                value = key switch { "build_property.DitNamespace" => Namespace, "build_property.DitModelsAccess" => "public", _ => "" };
                return value.Length > 0;
            }
        }
    }
}
