using Dit.Spec;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Dit.Generator.Tests;

/// <summary>Names of models and samplers that generated code uses itself are refused, and all others compile.</summary>
public class NameTests
{
    private static readonly string[] Variants = ["in-context", "cross-attention", "adaln", "adaln-zero"];

    private static readonly string[] Conditions = ["none: true", "classes: 3", "classes: 3, dropout: 0", "text: { tokens: 4, width: 6 }"];

    internal const string Samplers = "samplers:\n  first: { method: ddpm, steps: 5 }\n  other: { method: ddim, steps: 5, eta: 0.5 }\n";

    /// <summary>Every combination of block and condition, one model of each.</summary>
    internal static IReadOnlyList<(string Name, string Keys)> Kinds { get; } =
    [
        .. Variants
            .SelectMany(static variant => Conditions.Select(condition => (variant, condition)))
            .Select(static (kind, i) => ($"Probe{i}", Keys(kind.variant, kind.condition))),
        ("ProbeDiffusers", Keys("adaln-zero", "classes: 3") + "numerics: diffusers\n"),
        .. Conditions.Select(static (condition, i) => ($"ProbeUViT{i}", UViTKeys(condition))),
        ("ProbeJoint", JointKeys),
    ];

    /// <summary>The specs of <see cref="Kinds"/>.</summary>
    internal static IEnumerable<SpecText> KindSpecs =>
        Kinds.Select(static kind => new SpecText($"{kind.Name}.dit.yaml", $"model: {kind.Name}\n{kind.Keys}{Samplers}"));

    private static string Keys(string variant, string condition) =>
        $"depth: 1\nwidth: 8\nheads: 2\npatch_size: 2\ninput: {{ channels: 3, size: 4 }}\nconditioning: {{ variant: {variant}, {condition} "
            + $"}}\n";

    private static string UViTKeys(string condition) =>
        "backbone: u-vit\ndepth: 3\nwidth: 8\nheads: 2\npatch_size: 2\ntime_mlp: true\ninput: { channels: 3, size: 4 }\n"
            + $"conditioning: {{ {condition} }}\n";

    private const string JointKeys =
        "backbone: unidiffuser\ndepth: 3\nwidth: 8\nheads: 2\npatch_size: 2\ndata_type: true\ninput: { channels: 3, size: 4 }\n"
            + "conditioning: none\ndiffusion: { variance: fixed-small }\n";

    /// <summary>The identifiers in each kind of model, and those of the list of models.</summary>
    internal static IReadOnlyList<(string Name, string Keys, IReadOnlySet<string> Identifiers)> Mentions { get; } = FindMentions();

    private static IReadOnlyList<(string, string, IReadOnlySet<string>)> FindMentions()
    {
        var run = Generate.From([.. KindSpecs]).AssertCompiles();
        var common = Identifiers(run.Sources["DitModels.g.cs"]);
        return
        [
            .. Kinds.Select(kind =>
                (kind.Name, kind.Keys, (IReadOnlySet<string>)Identifiers(run.Sources[$"{kind.Name}.g.cs"]).Union(common).ToHashSet())),
        ];
    }

    // A discard names nothing.
    internal static HashSet<string> Identifiers(string source) =>
        [
            .. CSharpSyntaxTree
                .ParseText(source)
                .GetRoot()
                .DescendantTokens()
                .Where(static token => token.IsKind(SyntaxKind.IdentifierToken))
                .Select(static token => token.ValueText)
                .Where(static name => name != "_"),
        ];

    [Fact]
    public void A_model_may_bear_any_name_that_is_not_refused_and_no_other_model_suffers()
    {
        var free = Mentions
            .SelectMany(static kind => kind.Identifiers)
            .Distinct()
            .Where(Identifier.IsFreeForModel)
            .Where(static name => !name.StartsWith("Probe"))
            .ToArray();
        Assert.True(free.Length > 40, $"{free.Length} names");

        // Each name as a model of one kind that mentions it, beside a model of every kind.
        var files = free.GroupBy(static name => name, StringComparer.OrdinalIgnoreCase).Select(static same => same.First())
            .Select(static name => new SpecText(
                $"{name}.dit.yaml",
                $"model: {name}\n{Mentions.Last(kind => kind.Identifiers.Contains(name)).Keys}{Samplers}"))
            .Concat(KindSpecs);

        Assert.Empty(Complaints(Generate.From([.. files])));
    }

    [Fact]
    public void A_sampler_may_bear_any_name_that_is_not_refused()
    {
        var files = Mentions.SelectMany(static kind =>
            kind.Identifiers.Where(static name =>
                    !name.Contains('_') && Identifier.OfSampler(name) is var property && Identifier.IsFreeForSampler(property))
                .GroupBy(Identifier.OfSampler)
                .Select(static same => same.First())
                .Chunk(90)
                .Select(
                    (names, i) =>
                        new SpecText(
                            $"{kind.Name}{i}.dit.yaml",
                            $"model: {kind.Name}x{i}\n{kind.Keys}samplers:\n{string.Concat(names.Select(static n => $"  '{n}': {{ method: ddim, steps: 5 }}\n"))}")));

        Assert.Empty(Complaints(Generate.From([.. files])));
    }

    /// <summary>Everything that the generator and the compiler find wrong, in a line each.</summary>
    internal static IEnumerable<string> Complaints(Generate run) => run.Diagnostics.Concat(run.CompilerComplaints())
        .Select(static d =>
            $"{Path.GetFileName(d.Location.GetLineSpan().Path)}: {d.Id} {d.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}")
        .Distinct()
        .Take(40);
}
