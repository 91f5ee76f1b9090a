using Dit.Generator.Emit;
using Dit.Spec;
using Microsoft.CodeAnalysis;

namespace Dit.Generator;

/// <summary>Looks a project over for what generated code has to live beside.</summary>
internal static class Places
{
    /// <summary>The namespace that a project's properties ask for, and what is in it.</summary>
    /// <param name="compilation">The project's code and references.</param>
    /// <param name="namespace">The namespace of the models.</param>
    /// <param name="access">The property <c>DitModelsAccess</c>; empty where it is not set.</param>
    /// <param name="fileNames">
    /// Names of the project's other additional files: other generators make classes of them, which no generator sees
    /// (Layer.razor).
    /// </param>
    public static Place Of(Compilation compilation, string @namespace, string access, IReadOnlyList<string> fileNames)
    {
        var space = Find(compilation.GlobalNamespace, @namespace);
        var members = space?.GetMembers() ?? [];
        var spaces = Library
            .Namespaces.Select(library => (Library: library, Space: Find(compilation.GlobalNamespace, library.Name)))
            .ToArray();
        var torch = compilation.GetTypeByMetadataName(Library.Torch.Name);
        var shadows =
            from name in Sorted(members.Select(static member => member.Name).Concat(fileNames))
            let library = torch?.GetMembers(name) is { IsEmpty: false } ? Library.Torch
                : spaces.FirstOrDefault(known => known.Space?.GetTypeMembers(name) is { IsEmpty: false }).Library
            where library is not null
            select new Shadow(name, library);
        return new(
            @namespace,
            access.Length > 0
                ? access.Equals("public", StringComparison.OrdinalIgnoreCase)
                : @namespace == Identifier.OfNamespace(compilation.AssemblyName),
            shadows.ToEquatableArray(),
            Sorted(members.OfType<INamedTypeSymbol>()
                .Where(type => !SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, compilation.Assembly))
                .Select(static type => type.Name)).ToEquatableArray());
    }

    private static IEnumerable<string> Sorted(IEnumerable<string> names) =>
        names.Distinct().OrderBy(static name => name, StringComparer.Ordinal);

    private static INamespaceSymbol? Find(INamespaceSymbol root, string name) =>
        name.Split('.')
            .Aggregate((INamespaceSymbol?)root, static (space, part) =>
                space?.GetMembers(part.TrimStart('@')).OfType<INamespaceSymbol>().FirstOrDefault());
}
