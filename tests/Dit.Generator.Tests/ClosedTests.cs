using CsCheck;
using Dit.Spec;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dit.Generator.Tests;

/// <summary>
/// Generated code compiles beside whatever a project declares: every name that it uses is declared in turn, as every
/// kind of thing, in every place.
/// </summary>
public class ClosedTests
{
    private const string Namespace = "Acme.Models";

    private static readonly string[] Forms =
    [
        "class {0} {{ }}",
        "struct {0} {{ }}",
        "enum {0} {{ A }}",
        "interface {0} {{ }}",
        "delegate void {0}();",
        "class {0}<T> {{ }}",
        "namespace {0} {{ class Inner {{ }} }}",
        "static class {0} {{ public static int {0}1(this int x) => x; }}",
    ];

    private static readonly Generate Plain = Generate.In(Namespace, [.. NameTests.KindSpecs]);

    /// <summary>
    /// Every identifier in what is written, but words of C# (a type named <c>var</c> changes all code), and what a file
    /// declares in the namespace itself.
    /// </summary>
    private static readonly string[] Names =
    [
        .. Plain.Sources.Values.SelectMany(NameTests.Identifiers).Distinct()
            .Where(static name => SyntaxFacts.GetContextualKeywordKind(name) == SyntaxKind.None)
            .Except(
                Plain.Result.GeneratedSources.SelectMany(static source =>
                    source
                        .SyntaxTree.GetRoot()
                        .ChildNodes()
                        .SelectMany(static node => node.ChildNodes())
                        .OfType<BaseTypeDeclarationSyntax>()
                        .Select(static type => type.Identifier.ValueText)))
            .Order(StringComparer.Ordinal),
    ];

    public static TheoryData<string> EveryForm => [.. Forms];

    [Theory, MemberData(nameof(EveryForm))]
    public void It_compiles_beside_every_name_that_it_uses_in_its_own_namespace(string form) =>
        AssertCompilesBeside($"namespace {Namespace}\n{{\n{Declared(form, Names)}\n}}");

    [Theory, MemberData(nameof(EveryForm))]
    public void It_compiles_inside_every_name_that_it_uses_around_its_namespace(string form) => AssertCompilesBeside(
        $"{Declared(form, Names.Except(Roots()))}\nnamespace Acme\n{{\n{Declared(form, Names.Except(["Models"]))}\n}}");

    [Fact]
    public void It_compiles_under_every_name_that_it_uses_as_a_global_alias() =>
        AssertCompilesBeside(
            string.Concat(Names.Except(Roots()).Select(static name => $"global using {name} = global::System.Version;\n")));

    [Fact]
    public void It_compiles_beside_any_mixture_of_them()
    {
        var random = new PCG(1, 13);
        for (var run = 0; run < 6; run++)
        {
            var places = Names.ToLookup(_ => Gen.Int[0, 3].Generate(random, null, out var _));
            AssertCompilesBeside($$"""
                {{Mixed(random, places[0].Except(Roots()))}}
                namespace Acme { {{Mixed(random, places[1].Except(["Models"]))}} }
                namespace {{Namespace}} { {{Mixed(random, places[2])}} }
                """);
        }
    }

    // The property of a sampler hides a name inside the class of the samplers, and there only.
    [Fact]
    public void It_compiles_beside_every_name_that_it_uses_with_samplers_of_such_names()
    {
        var keys = NameTests
            .Kinds.Single(static kind => kind.Keys.Contains("adaln-zero, classes: 3 }") && !kind.Keys.Contains("numerics"))
            .Keys;
        var specs = Names
            .GroupBy(Identifier.OfSampler)
            .Where(static same => Identifier.IsFreeForSampler(same.Key))
            .Select(static same => same.First())
            .Chunk(60)
            .Select(
                (names, i) =>
                    new SpecText(
                        $"{i}.dit.yaml",
                        $"model: Probe{i}\n{keys}samplers:\n{string.Concat(names.Select(static name => $"  '{name}': {{ method: ddim, steps: 5 }}\n"))}"));

        Assert.Empty(
            NameTests.Complaints(
                Generate.In(new Project(Namespace, Code($"namespace {Namespace} {{ {Declared(Forms[0], Names)} }}")), [.. specs])));
    }

    // Another generator makes a class of it (Layer.razor), which no generator sees.
    [Fact]
    public void It_compiles_beside_classes_that_are_made_of_other_files()
    {
        var run = Generate.In(
            new Project(Namespace) { OtherFiles = [.. Names.Select(static name => new SpecText($"Pages/{name}.razor", ""))] },
            [.. NameTests.KindSpecs]);
        Assert.Empty(
            run.Compiled.AddSyntaxTrees(CSharpSyntaxTree.ParseText(Code($"namespace {Namespace} {{ {Declared(Forms[0], Names)} }}")))
                .GetDiagnostics()
                .Where(static d => d.Severity >= DiagnosticSeverity.Warning)
                .Select(static d => d.ToString())
                .Take(20));
    }

    [Theory]
    [
        InlineData("TorchSharp"),
        InlineData("TorchSharp.Modules"),
        InlineData("Dit.Runtime"),
        InlineData("Dit.Checkpoints"),
        InlineData("System.Collections.Generic"),
        InlineData("Tensor"),
        InlineData("Layer.Tensor")
    ]
    public void It_compiles_in_a_namespace_of_a_library_or_a_name_that_it_uses(string @namespace) =>
        Assert.Empty(
            NameTests.Complaints(
                Generate.In(
                    new Project(
                        @namespace,
                        Code(
                            $"namespace {@namespace} {{ {Declared(Forms[0], ["Tensor", "Layer", "cat"])} }}".Replace(
                                @namespace == "Dit.Runtime" ? "class Layer { }" : "-", ""))),
                    [.. NameTests.KindSpecs])));

    // An extension method of the project could be taken instead of one of a library.
    [Fact]
    public void It_calls_no_extension_method()
    {
        var compiled = Plain.Compiled;
        var calls = compiled.SyntaxTrees.Select(tree => compiled.GetSemanticModel(tree)) // one for a tree: each keeps what it has bound
            .SelectMany(static model => model.SyntaxTree.GetRoot().DescendantNodes().OfType<InvocationExpressionSyntax>()
                .Select(call => (call, method: model.GetSymbolInfo(call).Symbol as IMethodSymbol))).ToArray();
        Assert.True(calls.Length > 1000, $"{calls.Length} calls");
        Assert.Empty(
            calls
                .Where(static c => c.method is { IsExtensionMethod: true } or { ReducedFrom: not null })
                .Select(static c => c.call.ToString())
                .Distinct());
    }

    // Readable where nothing is hidden; and where something is, only that is told apart.
    [Fact]
    public void Only_what_is_hidden_is_told_apart()
    {
        string text = Plain.Sources["Probe0.g.cs"],
            beside = Beside($"namespace {Namespace} {{ class Tensor {{ }} }}").Sources["Probe0.g.cs"];

        Assert.DoesNotContain("::torch", text);
        Assert.Contains("using Torch = global::TorchSharp;\nusing global::System.Collections.Generic;\n", beside);
        Assert.Equal(text, beside.Replace("using Torch = global::TorchSharp;\n", "").Replace("Torch::torch.Tensor", "Tensor"));
    }

    private static Generate Beside(string code) => Generate.In(new Project(Namespace, Code(code)), [.. NameTests.KindSpecs]);

    private static void AssertCompilesBeside(string code)
    {
        Assert.True(Names.Length > 100, $"{Names.Length} names");
        Assert.Empty(NameTests.Complaints(Beside(code)));
    }

    // Names of small letters may become words of the language (CS8981): the project's own business.
    private static string Code(string declarations) => $"#pragma warning disable CS8981\n{declarations}";

    private static string Declared(string form, IEnumerable<string> names) =>
        string.Join("\n", names.Select(name => string.Format(System.Globalization.CultureInfo.InvariantCulture, form, name)));

    private static string Mixed(PCG random, IEnumerable<string> names) =>
        string.Join(" ", names.Select(name => Declared(Forms[Gen.Int[0, Forms.Length - 1].Generate(random, null, out var _)], [name])));

    // A type of the name of a library's first namespace hides the library from the whole project, its own code too.
    private static IEnumerable<string> Roots() => Plain.Compiled.GlobalNamespace.GetNamespaceMembers().Select(static space => space.Name);
}
