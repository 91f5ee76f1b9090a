using System.Text;
using Dit.Generator.Emit;
using Dit.Spec;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Generator;

/// <summary>
/// Compiles every <c>*.dit.yaml</c> of a project: errors at the line of the spec, a C# file for each model, and one
/// that lists them.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class DitGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var language = context.ParseOptionsProvider.Select(static (options, _) => ((CSharpParseOptions)options).LanguageVersion);
        var specs = context.AdditionalTextsProvider.Where(static text => SpecFile.IsSpec(text.Path));
        ReportLanguage(context, specs, language);

        var files = specs.Combine(language)
            .Where(static pair => pair.Right >= Diagnostics.LowestLanguage)
            .Select(static (pair, cancel) => new ReadFile(pair.Left.Path, Read(pair.Left.GetText(cancel))))
            .WithTrackingName(Steps.Files);
        ReportErrors(context, files);
        EmitModels(context, files);
    }

    private static void ReportLanguage(
        IncrementalGeneratorInitializationContext context,
        IncrementalValuesProvider<AdditionalText> specs,
        IncrementalValueProvider<LanguageVersion> language) =>
        context.RegisterSourceOutput(specs.Select(static (_, _) => true).Collect().Combine(language), static (output, pair) =>
        {
            if (pair.Left.Length > 0 && pair.Right < Diagnostics.LowestLanguage)
                output.ReportDiagnostic(Diagnostics.OldLanguage(pair.Right));
        });

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
            .SelectMany(static (file, _) => file.Models)
            .WithTrackingName(Steps.Models);

        var names = models
            .Select(static (model, _) => new CatalogEntry(
                model.Spec.ClassName,
                ConditionCode.TypeOf(model.Spec.Condition),
                ProcessEmitter.Type(model.Spec),
                model.Path,
                model.IsStandIn,
                IsJoint: model.Spec.Backbone.Joint is not null))
            .Collect()
            .Select(static (all, _) => CatalogEntry.OnePerClass(all))
            .WithTrackingName(Steps.Names);

        var place = Place(context);

        var outputs = models.Combine(place).Combine(names)
            .Select(static (pair, _) => new ModelOutput(
                pair.Left.Left, pair.Left.Right, pair.Right.Any(written => written.IsOf(pair.Left.Left))))
            .WithTrackingName(Steps.Outputs);

        context.RegisterSourceOutput(outputs, static (output, model) =>
        {
            if (model.IsWritten)
                output.AddSource($"{model.Model.Spec.ClassName}.g.cs", Source(model.Place, ModelEmitter.Emit(model.Model, model.Place)));
        });

        // It is there whenever a spec is, whatever the specs are like: code that names it is right.
        var any = files.Collect().Select(static (all, _) => all.Length > 0);
        context.RegisterSourceOutput(names.Combine(any).Combine(place), static (output, pair) =>
        {
            if (pair.Left.Right)
                output.AddSource("DitModels.g.cs", Source(pair.Right, CatalogEmitter.Emit(pair.Left.Left, pair.Right)));
        });
    }

    private static IncrementalValueProvider<Place> Place(IncrementalGeneratorInitializationContext context)
    {
        var options = context.AnalyzerConfigOptionsProvider
            .Select(static (options, _) => (
                Namespace: Namespace(options.GlobalOptions.TryGetValue),
                Access: Option(options.GlobalOptions.TryGetValue, "DitModelsAccess")));
        var otherFiles = context.AdditionalTextsProvider
            .Where(static text => !SpecFile.IsSpec(text.Path)).Select(static (text, _) => Path.GetFileNameWithoutExtension(text.Path))
            .Collect().Select(static (all, _) => all.ToEquatableArray());
        return context.CompilationProvider.Combine(options).Combine(otherFiles)
            .Select(static (all, _) => Places.Of(all.Left.Left, all.Left.Right.Namespace, all.Left.Right.Access, all.Right))
            .WithTrackingName(Steps.Place);
    }

    private static SpecFile Read(SourceText? text) => SpecFile.Parse(text?.ToString() ?? "", text?.Encoding);

    private delegate bool TryGet(string key, out string? value);

    private static string Option(TryGet option, string name) => option($"build_property.{name}", out var value) ? (value ?? "").Trim() : "";

    private static string Namespace(TryGet option) =>
        Identifier.OfNamespace(Option(option, "DitNamespace")) is { Length: > 0 } own ? own
        : Identifier.OfNamespace(Option(option, "RootNamespace")) is { Length: > 0 } project ? project
        : "Dit.Models";

    private static SourceText Source(Place place, string text) => SourceText.From(Closed.Against(place.Shadows, text), Encoding.UTF8);
}
