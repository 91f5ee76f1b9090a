using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dit.Repository.Tests;

/// <summary>
/// The folders of Dit.Runtime depend on each other in one direction: each names types of those before it only.
/// </summary>
public sealed class FolderTests
{
    /// <summary>The order, as docs/architecture.md has it; "" is the project's own folder.</summary>
    private static readonly string[] Order =
    [
        "",
        "Native",
        "Imaging",
        "Cards",
        "Randomness",
        "Kernels",
        "Conditions",
        "Layers",
        "Distributed",
        "Processes",
        "Guidance",
        "Solvers",
        "Inference",
        "Models",
        "Autoencoders", "Data", "Training",
    ];

    private static readonly (string Folder, SyntaxNode Root, string Name)[] Files =
    [
        .. Directory.EnumerateFiles(Project, "*.cs", SearchOption.AllDirectories)
            .Select(static file => Path.GetRelativePath(Project, file).Replace('\\', '/'))
            .Where(static name => name.Split('/')[0] is not ("obj" or "bin" or "build"))
            .Select(static name => (
                name.Contains('/', StringComparison.Ordinal) ? name.Split('/')[0] : "",
                CSharpSyntaxTree.ParseText(File.ReadAllText(Path.Combine(Project, name)), new(LanguageVersion.Preview)).GetRoot(),
                name)),
    ];

    private static string Project => Path.Combine(Repository.Root, "runtime", "Dit.Runtime");

    [Fact]
    public void Every_folder_has_its_place_in_the_order() =>
        Assert.Equal(
            Order.Order(StringComparer.Ordinal),
            Files.Select(static file => file.Folder).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void No_folder_names_a_type_of_a_later_one()
    {
        var homes = Files
            .SelectMany(static file => Declared(file.Root).Select(name => (name, file.Folder)))
            .DistinctBy(static home => home.name)
            .ToDictionary(static home => home.name, static home => home.Folder);

        var climbs = Files.SelectMany(file => Used(file.Root).Distinct()
            .Where(name => homes.TryGetValue(name, out var home) && Array.IndexOf(Order, home) > Array.IndexOf(Order, file.Folder))
            .Select(name => $"{file.Name} names {name} of {homes[name]}"));

        Assert.Empty(climbs);
        Assert.True(homes.Count > 150);
    }

    [Fact]
    public void The_page_about_the_architecture_has_the_same_order() =>
        Assert.Contains(
            string.Join(" → ", Order.Skip(1)),
            File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"))
                .ReplaceLineEndings(" ")
                .Replace("  ", " ", StringComparison.Ordinal));

    private static IEnumerable<string> Declared(SyntaxNode root) => root.ChildNodes().OfType<BaseNamespaceDeclarationSyntax>()
        .SelectMany(static space => space.Members)
        .Select(static member => member switch
        {
            BaseTypeDeclarationSyntax type => type.Identifier.ValueText,
            DelegateDeclarationSyntax type => type.Identifier.ValueText,
            _ => "",
        });

    // Names at the start of what they are part of: not members behind a dot, and not methods that are called.
    private static IEnumerable<string> Used(SyntaxNode root) => root.DescendantNodes().OfType<SimpleNameSyntax>()
        .Where(static name => name.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Expression == name,
            QualifiedNameSyntax qualified => qualified.Left == name,
            InvocationExpressionSyntax or MemberBindingExpressionSyntax or NameColonSyntax => false,
            _ => true,
        })
        .Select(static name => name.Identifier.ValueText);
}
