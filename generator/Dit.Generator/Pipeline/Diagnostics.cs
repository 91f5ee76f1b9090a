using System.Reflection;
using Dit.Spec;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Generator;

/// <summary>Spec errors and warnings as the compiler's, and what is wrong with a project.</summary>
internal static class Diagnostics
{
    private static readonly IReadOnlyDictionary<string, DiagnosticDescriptor> Descriptors =
        Rule.All.Append(Rule.LanguageIsNewEnough).ToDictionary(static rule => rule.Id, Describe);

    public static Diagnostic Of(string path, SpecError error) => Diagnostic.Create(
        Descriptors[error.Rule.Id],
        Location.Create(path, new TextSpan(error.At.Start, error.At.Length), new LinePositionSpan(
            new LinePosition(Math.Max(0, error.At.Line - 1), Math.Max(0, error.At.Column - 1)),
            new LinePosition(Math.Max(0, error.At.EndLine - 1), Math.Max(0, error.At.EndColumn - 1)))),
        error.Message);

    /// <summary>
    /// The version of C# that generated code is written in: collection expressions are its latest feature.
    /// </summary>
    public const LanguageVersion LowestLanguage = LanguageVersion.CSharp12;

    /// <summary>The one error of a project whose C# is too old.</summary>
    public static Diagnostic OldLanguage(LanguageVersion version) => Diagnostic.Create(
        Descriptors[Rule.LanguageIsNewEnough.Id],
        Location.None,
        $"Models are generated as C# {LowestLanguage.ToDisplayString()}, "
        + $"and this project is set to C# {version.ToDisplayString()}: take LangVersion out of the project, or set it to latest");

    private static DiagnosticDescriptor Describe(Rule rule) => new(
        rule.Id,
        rule.Title,
        messageFormat: "{0}",
        category: "Dit.Spec",
        rule.IsWarning ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error,
        isEnabledByDefault: true,
        helpLinkUri: HelpLink(rule.Id, Repository));

    /// <summary>The page on a rule, or null in a build that knows no address of this repository.</summary>
    internal static string? HelpLink(string id, string? repository) =>
        repository is null ? null : $"{repository}/blob/HEAD/docs/diagnostics/{id}.md";

    // The build writes it down where DitRepository is set.
    private static string? Repository => typeof(Diagnostics).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(static value => value.Key == "RepositoryUrl")?.Value;
}
