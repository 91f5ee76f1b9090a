using Dit.Spec;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Generator;

/// <summary>Spec errors and warnings as the compiler's.</summary>
internal static class Diagnostics
{
    private static readonly IReadOnlyDictionary<string, DiagnosticDescriptor> Descriptors =
        Rule.All.ToDictionary(static rule => rule.Id, Describe);

    public static Diagnostic Of(string path, SpecError error) => Diagnostic.Create(
        Descriptors[error.Rule.Id],
        Location.Create(path, new TextSpan(error.At.Start, error.At.Length), new LinePositionSpan(
            new LinePosition(Math.Max(0, error.At.Line - 1), Math.Max(0, error.At.Column - 1)),
            new LinePosition(Math.Max(0, error.At.EndLine - 1), Math.Max(0, error.At.EndColumn - 1)))),
        error.Message);

    private static DiagnosticDescriptor Describe(Rule rule) => new(
        rule.Id,
        rule.Title,
        messageFormat: "{0}",
        category: "Dit.Spec",
        rule.IsWarning ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error,
        isEnabledByDefault: true);
}
