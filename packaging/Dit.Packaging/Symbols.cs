using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Dit.Packaging;

/// <summary>The types and members of an assembly under the names that documentation files have for them.</summary>
internal sealed class Symbols
{
    private readonly Dictionary<string, ISymbol> byId = new(StringComparer.Ordinal);

    private Symbols(IAssemblySymbol assembly)
    {
        Assembly = assembly;
        foreach (var type in Types(assembly.GlobalNamespace))
            foreach (var symbol in type.GetMembers().Prepend(type))
                if (symbol.GetDocumentationCommentId() is { } id) byId.TryAdd(id, symbol);
    }

    public IAssemblySymbol Assembly { get; }

    /// <summary>All of them, whoever can see them.</summary>
    public IEnumerable<KeyValuePair<string, ISymbol>> All => byId;

    /// <summary>Reads an assembly, without loading it to run.</summary>
    /// <param name="assembly">The path of the assembly.</param>
    /// <param name="references">The paths of the assemblies that it was compiled against.</param>
    public static Symbols Read(string assembly, IEnumerable<string> references)
    {
        var read = MetadataReference.CreateFromFile(assembly);
        var compilation = CSharpCompilation.Create(
            "Reader", references: references.Select(static path => MetadataReference.CreateFromFile(path)).Prepend(read),
            options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, metadataImportOptions: MetadataImportOptions.All));
        return new(compilation.GetAssemblyOrModuleSymbol(read) as IAssemblySymbol
            ?? throw new BadImageFormatException($"{assembly} is no .NET assembly."));
    }

    /// <summary>What a documentation file calls by this name, or null where the assembly has no such thing.</summary>
    public ISymbol? Find(string id) => byId.GetValueOrDefault(id);

    /// <summary>Whether code in another assembly can name it: public or protected, in a type that is.</summary>
    public static bool IsVisible(ISymbol symbol) =>
        symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal
        && (symbol.ContainingType is not { } type || IsVisible(type));

    /// <summary>
    /// What a symbol inherits its documentation from, when that is of the same assembly and not visible.
    /// </summary>
    public static ISymbol? HiddenSource(ISymbol symbol, IAssemblySymbol assembly)
    {
        var sources = Sources(symbol).ToArray();
        return sources.Any(IsVisible) ? null : sources.FirstOrDefault(source => Same(source.ContainingAssembly, assembly));
    }

    private static IEnumerable<ISymbol> Sources(ISymbol symbol)
    {
        var overridden = symbol switch
        {
            INamedTypeSymbol type => type.BaseType,
            IMethodSymbol method => method.OverriddenMethod,
            IPropertySymbol property => property.OverriddenProperty,
            IEventSymbol @event => (ISymbol?)@event.OverriddenEvent,
            _ => null,
        };
        var interfaces = symbol is INamedTypeSymbol { Interfaces: var implemented }
            ? implemented
            : symbol.ContainingType?.AllInterfaces.SelectMany(static type => type.GetMembers())
                .Where(member => Same(symbol.ContainingType.FindImplementationForInterfaceMember(member), symbol)) ?? [];
        return (overridden is null ? [] : new[] { overridden }).Concat(interfaces).Select(static source => source.OriginalDefinition);
    }

    private static bool Same(ISymbol? one, ISymbol? other) => SymbolEqualityComparer.Default.Equals(one, other);

    private static IEnumerable<INamedTypeSymbol> Types(INamespaceOrTypeSymbol container) =>
        container.GetMembers().SelectMany(static member => member switch
        {
            INamespaceSymbol inner => Types(inner),
            INamedTypeSymbol type => Types(type).Prepend(type),
            _ => [],
        });
}
