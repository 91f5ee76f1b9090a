using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dit.Generator.Emit;

/// <summary>Makes generated text compile beside whatever the project declares.</summary>
/// <remarks>
/// The usings of a file stand inside its namespace. They win there over everything outside of it: the project's global
/// usings, and the types of the namespaces around. What is in that very namespace wins over any using, and over an
/// alias too (CS0576). Only there, and only for the names that are hidden, the text says by <c>::</c> where a name
/// comes from.
/// </remarks>
internal static class Closed
{
    /// <summary>The text, in which a name that its namespace hides is written with <c>::</c>.</summary>
    public static string Against(IReadOnlyList<Shadow> shadows, string text)
    {
        if (!shadows.Any(shadow => text.Contains(shadow.Name))) return text;
        var root = CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest, DocumentationMode.Parse)).GetRoot();
        var hidden = shadows.ToDictionary(static shadow => shadow.Name, static shadow => shadow.Library);
        var (closed, aliases, at) = (new StringBuilder(), new SortedSet<string>(StringComparer.Ordinal), 0);
        foreach (var token in root.DescendantTokens(descendIntoTrivia: true).Where(IsIdentifier))
            if (hidden.TryGetValue(token.ValueText, out var library) && IsLookedUp(token) && !IsDeclared(token))
            {
                closed.Append(text, at, token.SpanStart - at).Append(library.Prefix);
                at = token.SpanStart;
                aliases.Add($"using {library.Alias} = global::{library.AliasOf};\n");
            }
        closed.Append(text, at, text.Length - at);
        // Nothing is put in before the usings.
        return closed.Insert(root.DescendantNodes().OfType<UsingDirectiveSyntax>().First().SpanStart, string.Concat(aliases)).ToString();
    }

    // Not what stands behind a dot, names an argument or a property that is set, or is part of the namespace and the
    // usings.
    private static bool IsLookedUp(SyntaxToken token) => token.Parent is SimpleNameSyntax name
        && name.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Name != name,
            QualifiedNameSyntax qualified => qualified.Right != name,
            MemberBindingExpressionSyntax or AliasQualifiedNameSyntax or NameColonSyntax or NameEqualsSyntax => false,
            AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } set => set.Left != name,
            QualifiedCrefSyntax or BaseNamespaceDeclarationSyntax or UsingDirectiveSyntax => false,
            _ => true,
        }
        && name.Ancestors().First(static node => node is not NameSyntax) is not (BaseNamespaceDeclarationSyntax or UsingDirectiveSyntax);

    // What the file declares around a use, in a class or a method, wins already; where only a type can stand, only a
    // type does.
    private static bool IsDeclared(SyntaxToken use) =>
        use.Parent is { } name && name.Ancestors().OfType<MemberDeclarationSyntax>().Any(around => around switch
        {
            BaseNamespaceDeclarationSyntax => false,
            TypeDeclarationSyntax type when IsTypeOnly(name) =>
                type.Members.OfType<BaseTypeDeclarationSyntax>().Any(member => member.Identifier.ValueText == use.ValueText),
            _ when IsTypeOnly(name) => false,
            TypeDeclarationSyntax type => type.Members.Any(member => Declares(OwnTokens(member), use)),
            _ => Declares(around.DescendantTokens(), use),
        });

    private static bool IsTypeOnly(SyntaxNode name) => name is ExpressionSyntax expression && SyntaxFacts.IsInTypeOnlyContext(expression);

    private static IEnumerable<SyntaxToken> OwnTokens(MemberDeclarationSyntax member) => member is BaseFieldDeclarationSyntax field
        ? field.Declaration.Variables.SelectMany(static variable => variable.ChildTokens())
        : member.ChildTokens();

    private static bool Declares(IEnumerable<SyntaxToken> tokens, SyntaxToken use) =>
        tokens.Any(token => IsIdentifier(token) && token.Parent is not SimpleNameSyntax && token.ValueText == use.ValueText);

    private static bool IsIdentifier(SyntaxToken token) => token.IsKind(SyntaxKind.IdentifierToken);
}
