using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dit.Generator.Emit;

/// <summary>Makes generated text compile beside whatever the project declares.</summary>
/// <remarks>
/// The usings of a file stand inside its namespace, where they win over everything outside of it: the project's global usings, and the types of the
/// namespaces around. What is in that very namespace wins over any using, and over an alias too (CS0576). Only there, and only for the names
/// that are hidden, the text says by <c>::</c> where a name comes from.
/// </remarks>
internal static class Closed
{
    /// <summary>The text, with the names that are hidden in its namespace told from what hides them.</summary>
    public static string Against(IReadOnlyList<Shadow> shadows, string text)
    {
        if (!shadows.Any(shadow => text.Contains(shadow.Name))) return text;
        var root = CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest, DocumentationMode.Parse)).GetRoot();
        SyntaxToken[] identifiers = [.. root.DescendantTokens(descendIntoTrivia: true).Where(static token => token.IsKind(SyntaxKind.IdentifierToken))];
        // What a file declares itself, in its classes, wins already.
        var declared = new HashSet<string>(identifiers.Where(static token => token.Parent is not SimpleNameSyntax).Select(static token => token.ValueText));
        var hidden = shadows.Where(shadow => !declared.Contains(shadow.Name)).ToDictionary(static shadow => shadow.Name, static shadow => shadow.Library);
        var (closed, aliases, at) = (new StringBuilder(), new SortedSet<string>(StringComparer.Ordinal), 0);
        foreach (var token in identifiers)
            if (hidden.TryGetValue(token.ValueText, out var library) && IsLookedUp(token))
            {
                closed.Append(text, at, token.SpanStart - at).Append(library.Prefix);
                at = token.SpanStart;
                aliases.Add($"using {library.Alias} = global::{library.AliasOf};\n");
            }
        closed.Append(text, at, text.Length - at);
        return closed.Insert(text.IndexOf("using ", StringComparison.Ordinal), string.Concat(aliases)).ToString();
    }

    // Not what stands behind a dot, names an argument, or is part of the namespace and the usings.
    private static bool IsLookedUp(SyntaxToken token) => token.Parent is SimpleNameSyntax name
        && name.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Name != name,
            QualifiedNameSyntax qualified => qualified.Right != name,
            MemberBindingExpressionSyntax or AliasQualifiedNameSyntax or NameColonSyntax or NameEqualsSyntax => false,
            QualifiedCrefSyntax or BaseNamespaceDeclarationSyntax or UsingDirectiveSyntax => false,
            _ => true,
        }
        && !name.Ancestors().TakeWhile(static node => node is NameSyntax or BaseNamespaceDeclarationSyntax or UsingDirectiveSyntax).Any(static node => node is not NameSyntax);
}
