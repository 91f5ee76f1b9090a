using Microsoft.CodeAnalysis;

namespace Dit.Repository.Tests;

/// <summary>Declarations of types, as <see cref="PublicApi"/> writes them.</summary>
internal static class ApiType
{
    private static readonly SymbolDisplayFormat Name = new(
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeVariance);

    /// <summary>Whether code in another assembly can name it: public or protected, in types that are.</summary>
    public static bool IsVisible(ISymbol symbol) =>
        symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal
        && (symbol.ContainingType is not { } type || IsVisible(type));

    /// <summary>Types by name; those of one name by the number of their type parameters.</summary>
    public static IEnumerable<INamedTypeSymbol> Ordered(IEnumerable<INamedTypeSymbol> types) =>
        types.OrderBy(static type => type.MetadataName, StringComparer.Ordinal);

    /// <summary>A type with its visible members and nested types.</summary>
    public static string Write(INamedTypeSymbol type, int indent)
    {
        var margin = new string(' ', indent);
        var attributes = string.Concat(ApiMember.Attributes(type).Select(attribute => $"{margin}{attribute}\n"));
        if (type.TypeKind == TypeKind.Delegate) return attributes + ApiMember.Line(type, indent);
        var positional = PositionalConstructor(type);
        var header = ApiMember.Wrapped(
            $"{margin}{Header(type)}",
            positional is null ? null : ApiMember.Parameters(positional),
            Tail(type),
            indent);
        var members = Members(type, positional).Select(member => ApiMember.Write(member, indent + 4))
            .Concat(Ordered(type.GetTypeMembers().Where(IsVisible)).Select(nested => Write(nested, indent + 4)))
            .ToArray();
        return members.Length == 0
            ? $"{attributes}{header};"
            : $"{attributes}{header}\n{margin}{{\n{string.Join('\n', members)}\n{margin}}}";
    }

    private static string Header(INamedTypeSymbol type) => string.Join(' ', Words(type).Append(type.ToDisplayString(Name)));

    private static IEnumerable<string> Words(INamedTypeSymbol type)
    {
        yield return ApiMember.Word(type.DeclaredAccessibility);
        if (type.IsStatic) yield return "static";
        else if (type.TypeKind == TypeKind.Class && type.IsAbstract) yield return "abstract";
        else if (type.TypeKind == TypeKind.Class && type.IsSealed) yield return "sealed";
        if (type is { TypeKind: TypeKind.Struct, IsReadOnly: true }) yield return "readonly";
        if (type.IsRefLikeType) yield return "ref";
        if (IsRecord(type)) yield return "record";
        if (!(IsRecord(type) && type.TypeKind == TypeKind.Class)) yield return type.TypeKind.ToString().ToLowerInvariant();
    }

    // Bases and constraints.
    private static string Tail(INamedTypeSymbol type)
    {
        var bases = (type.BaseType is { SpecialType: SpecialType.None } inherited ? [inherited] : Array.Empty<INamedTypeSymbol>())
            .Concat(type.Interfaces.Where(IsVisible).Where(promised => !(IsRecord(type) && promised.Name == nameof(IEquatable<>))))
            .Select(static name => name.ToDisplayString(ApiMember.Reference)).ToArray();
        string[] underlying = type.EnumUnderlyingType is { SpecialType: not SpecialType.System_Int32 } other
            ? [other.ToDisplayString()]
            : [];
        var all = string.Join(", ", underlying.Concat(bases));
        return (all.Length == 0 ? "" : " : " + all) + ApiMember.Where(type);
    }

    private static IEnumerable<ISymbol> Members(INamedTypeSymbol type, IMethodSymbol? positional) => type.GetMembers()
        .Where(IsVisible)
        .Where(static member => member is not INamedTypeSymbol && !ApiMember.IsGenerated(member))
        .Where(static member => member is not IMethodSymbol { AssociatedSymbol: not null })
        .Where(member => !SymbolEqualityComparer.Default.Equals(member, positional) && !IsPositional(member, positional))
        .Where(member => !(type.TypeKind == TypeKind.Enum && member is IMethodSymbol))
        .Where(member =>
            !(type.TypeKind == TypeKind.Struct && member is IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters: [] }))
        .OrderBy(ApiMember.Rank).ThenBy(ApiMember.EnumValue).ThenBy(static member => member.Name, StringComparer.Ordinal)
        .ThenBy(static member => member.GetDocumentationCommentId(), StringComparer.Ordinal);

    private static bool IsRecord(INamedTypeSymbol type) =>
        type.IsRecord || type.TypeKind == TypeKind.Struct && type.GetMembers("PrintMembers").Any(ApiMember.IsGenerated);

    // The compiler writes a Deconstruct of the parameters for a positional record, and for no other.
    private static IMethodSymbol? PositionalConstructor(INamedTypeSymbol type) =>
        IsRecord(type) && type.GetMembers("Deconstruct").OfType<IMethodSymbol>().FirstOrDefault(ApiMember.IsGenerated) is { } deconstruct
            ? type
                .InstanceConstructors.Where(IsVisible)
                .FirstOrDefault(constructor => Signature(constructor).SequenceEqual(Signature(deconstruct)))
            : null;

    private static IEnumerable<(string, string)> Signature(IMethodSymbol method) =>
        method.Parameters.Select(static parameter => (parameter.Name, parameter.Type.ToDisplayString()));

    // A property that a parameter declares, as the compiler writes it.
    private static bool IsPositional(ISymbol member, IMethodSymbol? positional) =>
        positional is not null
        && member is IPropertySymbol { IsStatic: false, IsOverride: false, IsVirtual: false, SetMethod: { } set } property
        && set.DeclaredAccessibility == Accessibility.Public && property.GetMethod?.DeclaredAccessibility == Accessibility.Public
        && set.IsInitOnly == (property.ContainingType.TypeKind == TypeKind.Class || property.ContainingType.IsReadOnly)
        && Signature(positional).Contains((property.Name, property.Type.ToDisplayString()));
}
