using System.Text;
using Dit.Generator.Emit;
using Dit.Spec;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Generator;

/// <summary>Compiles every <c>*.dit.yaml</c> of a project: errors at the line of the spec, a C# file for each model, and one that lists them.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class DitGenerator : IIncrementalGenerator
{
    private const string Extension = ".dit.yaml";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var files = context.AdditionalTextsProvider
            .Where(static text => text.Path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
            .Select(static (text, cancel) => new ReadFile(text.Path, Read(text.GetText(cancel))))
            .WithTrackingName(Steps.Files);

        ReportErrors(context, files);
        EmitModels(context, files);
    }

    private static void ReportErrors(IncrementalGeneratorInitializationContext context, IncrementalValuesProvider<ReadFile> files)
    {
        context.RegisterSourceOutput(files, static (output, file) =>
        {
            foreach (var error in file.Content.Errors.Concat(file.Content.Warnings))
                output.ReportDiagnostic(Diagnostics.Of(file.Path, error));
        });

        context.RegisterSourceOutput(files.Collect(), static (output, all) =>
        {
            foreach (var (path, error) in DeclaredModel.Collisions(all.SelectMany(static f => f.Content.Models.Select(m => (f.Path, m)))))
                output.ReportDiagnostic(Diagnostics.Of(path, error));
        });
    }

    private static void EmitModels(IncrementalGeneratorInitializationContext context, IncrementalValuesProvider<ReadFile> files)
    {
        var models = files
            .SelectMany(static (file, _) => file.Content.Models.Select(model => new ModelInput(model.Spec, Path.GetFileName(file.Path))))
            .WithTrackingName(Steps.Models);

        var names = models
            .Select(static (model, _) => new CatalogEntry(model.Spec.ClassName, CatalogEmitter.Factory(model.Spec.Conditioning.Condition)))
            .Collect()
            .Select(static (all, _) => all.ToEquatableArray())
            .WithTrackingName(Steps.Names);

        var taken = names
            .Select(static (all, _) => all.Select(static n => n.ClassName).GroupBy(static n => n, StringComparer.OrdinalIgnoreCase).Where(static g => g.Count() > 1).SelectMany(static g => g.Distinct()).ToEquatableArray())
            .WithTrackingName(Steps.Collisions);

        var target = context.AnalyzerConfigOptionsProvider.Select(static (options, _) => Namespace(options.GlobalOptions.TryGetValue));

        var outputs = models.Combine(target).Combine(taken)
            .Select(static (pair, _) => new ModelOutput(pair.Left.Left, pair.Left.Right, pair.Right.Contains(pair.Left.Left.Spec.ClassName)))
            .WithTrackingName(Steps.Outputs);

        context.RegisterSourceOutput(outputs, static (output, model) =>
        {
            if (!model.NameIsTaken)
                output.AddSource($"{model.Model.Spec.ClassName}.g.cs", Source(ModelEmitter.Emit(model.Model.Spec, model.Namespace, model.Model.File)));
        });

        context.RegisterSourceOutput(names.Combine(taken).Combine(target), static (output, pair) =>
        {
            var own = pair.Left.Left.Where(model => !pair.Left.Right.Contains(model.ClassName)).ToArray();
            if (own.Length > 0)
                output.AddSource("DitModels.g.cs", Source(CatalogEmitter.Emit(own, pair.Right)));
        });
    }

    private static SpecFile Read(SourceText? text) => SpecFile.Parse(text?.ToString() ?? "", text?.Encoding);

    private delegate bool TryGet(string key, out string? value);

    private static string Namespace(TryGet option) =>
        option("build_property.DitNamespace", out var asked) && Identifier.OfNamespace(asked) is { Length: > 0 } own ? own
        : option("build_property.RootNamespace", out var root) && Identifier.OfNamespace(root) is { Length: > 0 } project ? project
        : "Dit.Models";

    private static SourceText Source(string text) => SourceText.From(text, Encoding.UTF8);
}
