using Dit.Spec;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Generator;

/// <summary>Spec errors as compiler errors.</summary>
internal static class Diagnostics
{
    private static readonly IReadOnlyDictionary<string, DiagnosticDescriptor> Descriptors =
        Rule.All.ToDictionary(static rule => rule.Id, static rule => Describe(rule.Id, rule.Title));

    public static Diagnostic Of(string path, SpecError error) => Diagnostic.Create(
        Descriptors[error.Rule.Id],
        Location.Create(path, new TextSpan(error.At.Start, error.At.Length), new LinePositionSpan(
            new LinePosition(Math.Max(0, error.At.Line - 1), Math.Max(0, error.At.Column - 1)),
            new LinePosition(Math.Max(0, error.At.EndLine - 1), Math.Max(0, error.At.EndColumn - 1)))),
        error.Message);

    private static DiagnosticDescriptor Describe(string id, string title) => new(
        id,
        title,
        messageFormat: "{0}",
        category: "Dit.Spec",
        DiagnosticSeverity.Error,
        isEnabledByDefault: true);
}
