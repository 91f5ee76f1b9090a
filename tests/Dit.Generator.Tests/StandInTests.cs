using Dit.Spec;
using Microsoft.CodeAnalysis;

namespace Dit.Generator.Tests;

/// <summary>
/// A spec with errors gives those and no others: code that uses its models compiles, so far as their names can be read.
/// </summary>
public class StandInTests
{
    private const string Keys = """
        depth: 1
        width: 8
        heads: 2
        patch_size: 2
        numerics: official
        input: { channels: 3, size: 4 }
        diffusion: { prediction: epsilon, variance: learned-range, schedule: linear, timesteps: 1000 }
        samplers:
          ddim-4: { method: ddim, steps: 4, eta: 0 }
          "slow": { method: ddpm, steps: 25 }
        """;

    private const string Flow = """
        depth: 1
        width: 8
        heads: 2
        patch_size: 2
        input: { channels: 3, size: 4 }
        diffusion: { schedule: flow-linear, variance: ignored }
        """;

    private const string Joint = """
        backbone: unidiffuser
        depth: 3
        width: 8
        heads: 2
        patch_size: 2
        text_width: 8
        input: { channels: 3, size: 4 }
        conditioning: none
        diffusion: { variance: fixed-small }
        samplers:
          ddim-4: { method: ddim, steps: 4, eta: 0 }
        """;

    private const string Model = """
        using var model = Tiny.Create(seed: 1);
        using var loaded = Tiny.Load("a.pt", torch.CPU, torch.float32);
        var (samplers, map, macs, spec) = (Tiny.AllSamplers.Count, Tiny.CheckpointMap, Tiny.Card.Macs + DitModels.All.Count, Tiny.Process.Timesteps);
        """;

    /// <summary>A legal spec, code that uses its model, and the lines that the code depends on.</summary>
    private static readonly (string Spec, string Code, string[] Kept)[] Whole =
    [
        ($"model: Tiny\nconditioning: {{ classes: 10 }}\n{Keys}", Model + """
            using var images = Tiny.Samplers.Ddim4.Sample(model, [3, 3, 8], guidance: 2.0, seed: 0);
            using var more = Tiny.Samplers.Slow.Sample(model, [0]);
            using var guided = model.ForwardWithGuidance(x, t, labels, 2.0);
            """, ["model", "samplers", "  ddim-4", "  \"slow\""]),
        ($"model: 'Tiny' # the smallest\nconditioning:\n  variant: cross-attention\n  text: {{ tokens: 4, width: 8 }}\n{Keys}", Model + """
            using var images = Tiny.Samplers.Ddim4.Sample(model, text, guidance: 2.0, seed: 0);
            using var out_ = model.forward(x, t, text);
            Sampler<Tiny, TextEmbeddings, GaussianDiffusion> slow = Tiny.Samplers.Slow;
            """, ["model", "samplers", "  ddim-4", "  \"slow\"", "  text", "conditioning"]),
        ($"model: Tiny\nconditioning: none\n{Keys}", Model + """
            using var images = Tiny.Samplers.Ddim4.Sample(model, 4, seed: 0);
            using var out_ = model.forward(x, t);
            Sampler<Tiny, NoCondition, GaussianDiffusion> slow = Tiny.Samplers.Slow;
            """, ["model", "samplers", "  ddim-4", "  \"slow\"", "conditioning"]),
        ($"model: Tiny\nconditioning: none\n{Flow}", """
            using var model = Tiny.Create(seed: 1);
            Dit.Runtime.Flow process = Tiny.Process;
            using var out_ = model.forward(x, t);
            """, ["model", "conditioning", "diffusion"]),
        ($"model: Tiny\n{Joint}", """
            using var model = Tiny.Create(seed: 1);
            using var image = Tiny.Samplers.Ddim4.TextToImage(model, new JointText(x), guidance: 2.0);
            var (samplers, modalities) = (Tiny.AllSamplers.Count, Tiny.Modalities.TextTokens + DitModels.All.Count);
            """, ["model", "backbone", "samplers", "  ddim-4"]),
    ];

    // What stands in the place of a value: of a wrong kind, out of range, and what YAML cannot read or specs do not
    // have.
    private static readonly string[] Damages =
        [
            "-1",
            "99999999",
            "x",
            "",
            "[1",
            "{ a: 1",
            "\"x",
            "{ classes: x, text: 1, y: 2 }",
            "&a 1",
            "!!int 1",
            "\t3",
            "*",
            "}",
            "'",
            "%",
            "\u00a0",
            "none",
            "7: 8: 9",
            "@",
            "- 1",
        ];

    public static TheoryData<int> Specs => [.. Enumerable.Range(0, Whole.Length)];

    [Theory, MemberData(nameof(Specs))]
    public void One_damaged_line_gives_no_error_but_the_files_own(int index)
    {
        var (spec, code, kept) = Whole[index];
        var whole = Run(spec, code);
        Assert.Empty(whole.Diagnostics);
        Assert.Empty(Errors(whole));

        var lines = spec.Split('\n');
        var broken = 0;
        foreach (
            var damaged in Enumerable
                .Range(0, lines.Length)
                .Where(i => !kept.Any(key => lines[i].StartsWith($"{key}:", StringComparison.Ordinal)))
                .SelectMany(i => Damaged(lines, i)))
        {
            var run = Run(damaged, code);
            if (run.Diagnostics.IsEmpty) continue; // harmless after all
            broken++;
            if (Errors(run) is { Count: > 0 } errors)
                Assert.Fail($"{string.Join("\n", errors)}\n\nbeside\n\n{string.Join("\n", run.Diagnostics)}\n\nof\n\n{damaged}");
        }
        Assert.True(broken > 60, $"{broken} broken specs");
    }

    // A line with another value, in another key, or not there at all; and a line more.
    private static IEnumerable<string> Damaged(string[] lines, int at) => Damages
        .Select(damage => lines[at][..(lines[at].IndexOf(':', StringComparison.Ordinal) + 1)] + " " + damage)
        .Concat([lines[at].Insert(1, "x"), lines[at].Replace(":", ""), lines[at].Replace("}", ""), lines[at] + "\n" + lines[at], ""])
        .Select(line => string.Join("\n", lines.Select((old, i) => i == at ? line : old)));

    [Theory]
    [InlineData("width: 36", "DIT101"), InlineData("width: [", "DIT001")]
    public void The_members_of_a_family_stand_in_where_its_matrix_can_be_read(string width, string error)
    {
        const string family =
            "family: Tiny-{size}/{patch_size}\nmatrix:\n  size:\n    S: { depth: 1 }\n    L: { depth: 2 }\n  patch_size: [1, 2]\n";
        var run = Generate.From(
            new SpecText(
                "family.dit.yaml",
                family
                    + Keys.Replace("width: 8", width)
                        .Replace("heads: 2", "heads: 8")
                        .Replace("depth: 1\n", "")
                        .Replace("patch_size: 2\n", "")
                    + "\nconditioning: { classes: 3 }"));

        Assert.All(run.Diagnostics, d => Assert.Equal(error, d.Id));
        Assert.Equal(
            error == "DIT001" ? ["DitModels.g.cs"] : ["DitModels.g.cs", "TinyL1.g.cs", "TinyL2.g.cs", "TinyS1.g.cs", "TinyS2.g.cs"],
            run.Sources.Keys.Order());
        Assert.Empty(run.CompilerComplaints());
    }

    [Theory]
    [
        InlineData(""),
        InlineData("\u0000"),
        InlineData("{"),
        InlineData("model: class"),
        InlineData("model: [Tiny]"),
        InlineData("- a\n- b"),
        InlineData("model:\n"),
        InlineData("model: 2\n"),
        InlineData("model: Tensor")
    ]
    public void Where_no_name_can_be_read_the_namespace_and_the_list_are_there(string spec)
    {
        var run = Generate.In(
            new Project("Lib", "namespace Program { using Lib; class Use { object all = DitModels.All; } }"),
            new SpecText("a.dit.yaml", spec));

        Assert.NotEmpty(run.Diagnostics);
        Assert.Equal(["DitModels.g.cs"], run.Sources.Keys);
        Assert.Empty(run.CompilerComplaints());
    }

    [Fact]
    public void A_model_without_errors_goes_before_one_that_stands_in()
    {
        var right = $"model: Tiny\nconditioning: {{ classes: 10 }}\n{Keys}";
        var run = Generate.From(new SpecText("a.dit.yaml", right.Replace("depth: 1", "depth: 0")), new SpecText("b.dit.yaml", right));

        Assert.Equal(["DIT007"], run.Diagnostics.Select(static d => d.Id));
        Assert.Contains("from b.dit.yaml", run.Sources["Tiny.g.cs"]);
        Assert.Empty(run.CompilerComplaints());
    }

    [Fact]
    public void A_file_that_stands_in_says_so()
    {
        var run = Generate.From(new SpecText("a.dit.yaml", "model: Tiny\ndepth: 0\n"));
        Assert.Contains(
            "// Stands in for Tiny while a.dit.yaml has errors, so that code that uses the model has none: only names are right here.\n",
            run.Sources["Tiny.g.cs"]);
    }

    private static Generate Run(string spec, string code) => Generate.In(new Project("Lib", $$"""
        using Lib;
        using Dit.Runtime;
        using TorchSharp;

        static class Program
        {
            static void Use(torch.Tensor x, torch.Tensor t, torch.Tensor labels, TextEmbeddings text)
            {
                {{code}}
            }
        }
        """), new SpecText("tiny.dit.yaml", spec));

    /// <summary>The compiler's errors about the code that uses the model.</summary>
    private static IReadOnlyList<string> Errors(Generate run)
    {
        var compiled = run.Compiled;
        return
        [
            .. compiled
                .GetSemanticModel(compiled.SyntaxTrees.First())
                .GetDiagnostics()
                .Where(static d => d.Severity == DiagnosticSeverity.Error)
                .Select(static d => d.ToString()),
        ];
    }
}
