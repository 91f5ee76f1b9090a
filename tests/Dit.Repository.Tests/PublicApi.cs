using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Dit.Repository.Tests;

/// <summary>
/// The public and protected types and members of an assembly, written as C# declarations without bodies.
/// </summary>
/// <remarks>
/// A record is written with its positional parameters. What the compiler adds to every record (equality, printing,
/// copying) is left out.
/// </remarks>
internal static class PublicApi
{
    // What this test runs on: the framework and every package that the libraries reference. Read once.
    private static readonly MetadataReference[] Platform =
    [
        .. ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator)
            .Where(static path => path.EndsWith(".dll", StringComparison.Ordinal))
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>Writes the API of an assembly, in an order that does not depend on its source files.</summary>
    /// <param name="path">The assembly. It is read, not loaded to run.</param>
    public static string Of(string path) => Of(Read([MetadataReference.CreateFromFile(path)]));

    /// <summary>Writes the API of an assembly that is compiled from source text.</summary>
    public static string OfSource(string code)
    {
        using var image = new MemoryStream();
        var compiled = CSharpCompilation.Create("Source", [CSharpSyntaxTree.ParseText(code)], Platform, Options).Emit(image);
        Assert.Empty(compiled.Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        return Of(Read([MetadataReference.CreateFromImage(image.ToArray())]));
    }

    private static string Of(IAssemblySymbol assembly) => string.Join('\n', TopLevel(assembly.GlobalNamespace)
        .Where(ApiType.IsVisible)
        .GroupBy(static type => type.ContainingNamespace.ToDisplayString())
        .OrderBy(static group => group.Key, StringComparer.Ordinal)
        .Select(static group => $"namespace {group.Key};\n"
            + string.Concat(ApiType.Ordered(group).Select(static type => $"\n{ApiType.Write(type, indent: 0)}\n"))));

    private static CSharpCompilationOptions Options => new(
        OutputKind.DynamicallyLinkedLibrary,
        metadataImportOptions: MetadataImportOptions.All,
        nullableContextOptions: NullableContextOptions.Enable);

    private static IAssemblySymbol Read(MetadataReference[] assembly) =>
        CSharpCompilation.Create("Reader", references: Platform.Concat(assembly), options: Options)
            .GetAssemblyOrModuleSymbol(assembly[0]) as IAssemblySymbol
        ?? throw new BadImageFormatException("This file is not a .NET assembly.");

    private static IEnumerable<INamedTypeSymbol> TopLevel(INamespaceSymbol container) =>
        container.GetNamespaceMembers().SelectMany(TopLevel).Concat(container.GetTypeMembers());
}
