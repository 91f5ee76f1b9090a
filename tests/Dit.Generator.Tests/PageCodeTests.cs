using System.Text.RegularExpressions;
using Dit.Spec;
using Microsoft.CodeAnalysis;

namespace Dit.Generator.Tests;

/// <summary>The C# of the README and of docs/ compiles, without a warning.</summary>
public partial class PageCodeTests
{
    // The usings of a web project, the rest of docs/serving.md's project.
    private const string WebUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        global using Consumer;
        global using Dit.Checkpoints;
        """;

    private const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.IO;
        using System.Linq;
        using TorchSharp;
        using Consumer;
        using Dit.Checkpoints;
        using Dit.Runtime;
        using static TorchSharp.torch;
        """;

    // What the pages speak of and their code does not declare.
    private const string Given = """
        internal static readonly DiTXL2 model = null!;
        internal static readonly Tensor x = null!, t = null!, latents = null!, texts = null!;
        internal static readonly Tensor clips = null!, words = null!, imageTimes = null!, textTimes = null!, kinds = null!;
        internal static readonly Tensor[] recorded = null!;
        internal static readonly ClassLabels otherLabels = null!;
        """;

    // The README calls forward with labels as a tensor; docs/sampling.md samples for labels as a condition.
    private static string Labels(string page) =>
        $"internal static readonly {(page == "README.md" ? "Tensor" : "ClassLabels")} labels = null!;";

    private const string OtherModels = """
        model: Captions
        depth: 4
        width: 128
        heads: 4
        patch_size: 4
        input: { channels: 3, size: 32 }
        conditioning: { variant: cross-attention, text: { tokens: 77, width: 768 }, dropout: 0.1 }
        autoencoder: none
        samplers:
          ddim-50: { method: ddim, steps: 50 }
        """;

    private const string Wide = """
        model: Wide
        depth: 28
        width: 1152
        heads: 16
        patch_size: 2
        input: { channels: 4, size: [32, 64] }
        conditioning: { classes: 1000 }
        """;

    private static readonly Generate Models = Generate.From(
        [.. Repository.Definitions, new SpecText("captions.dit.yaml", OtherModels), new SpecText("wide.dit.yaml", Wide)]);

    [Theory]
    [InlineData("README.md", 1)]
    [InlineData("docs/checkpoints.md", 7)]
    [InlineData("docs/conditioning.md", 3)]
    [InlineData("docs/latents.md", 1)]
    [InlineData("docs/name-maps.md", 1)]
    [InlineData("docs/sampling.md", 5)]
    [InlineData("docs/training.md", 6)]
    [InlineData("docs/unidiffuser.md", 2)]
    [InlineData("generator/Dit.Generator/README.md", 1)]
    [InlineData("generator/Dit.Spec/README.md", 1)]
    public void The_code_of_a_page_compiles_without_a_warning(string page, int blocks)
    {
        var code = Code(page);
        Assert.Equal(blocks, code.Count);
        Assert.Empty(code.SelectMany((block, i) => Complaints(page, block).Select(complaint => $"block {i + 1}: {complaint}")));
    }

    [Fact]
    public void The_web_program_of_the_page_about_serving_compiles_without_a_warning()
    {
        var program = Assert.Single(Code("docs/serving.md"));
        Assert.Empty(Models.ComplaintsOfProgram(AspNet(), WebUsings, program));
        Assert.Contains(
            Models.ComplaintsOfProgram(AspNet(), WebUsings, program.Replace("WritePng", "WritePgn", StringComparison.Ordinal)),
            static complaint => complaint.Contains("WritePgn", StringComparison.Ordinal));
    }

    [Fact]
    public void A_name_that_does_not_exist_is_found() =>
        Assert.Contains(Complaints("README.md", "using var fresh = Shapes.Creat(seed: 1);"), static complaint =>
            complaint.Contains("Creat"));

    // A block becomes a method; its own usings go to the head of the file, and a trailing comment of a block is no
    // error.
    private static IReadOnlyList<string> Complaints(string page, string block)
    {
        var usings = Directives().Matches(block).Select(static line => line.Value.Trim()).Where(static line => !Usings.Contains(line));
        var complaints = Models.ComplaintsOfProgram(
            [MetadataReference.CreateFromFile(typeof(SpecFile).Assembly.Location)],
            $$"""
            #nullable enable
            {{Usings}}
            {{string.Join("\n", usings)}}
            namespace MyModel { public static class Program { public static void Main() { } } }
            static class Page
            {
            {{Given}}
            {{Labels(page)}}
                public static void Block()
                {
                    {{Directives().Replace(block, "")}}
                }
            }
            """);
        return [.. complaints.Where(static complaint => !complaint.Contains("CS1701"))]; // the SDK does not report it either
    }

    private static IReadOnlyList<string> Code(string page) =>
        [.. Blocks().Matches(File.ReadAllText(Path.Combine(Repository.Root, page))).Select(static match => match.Groups[1].Value)];

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"^using (static )?[A-Z][\w.]*;\n", RegexOptions.Multiline)]
    private static partial Regex Directives();

    // Every .NET SDK brings it beside the runtime that these tests run on.
    private static IEnumerable<MetadataReference> AspNet()
    {
        var shared = Path.GetFullPath(
            Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location) ?? "", "..", "..", "Microsoft.AspNetCore.App"));
        var newest = Directory
            .GetDirectories(shared)
            .OrderBy(static folder =>
                Version.TryParse(Path.GetFileName(folder).Split('-')[0], out var version) ? version : new Version(0, 0))
            .Last();
        return Directory.GetFiles(newest, "*.dll").Select(static file => MetadataReference.CreateFromFile(file));
    }
}
