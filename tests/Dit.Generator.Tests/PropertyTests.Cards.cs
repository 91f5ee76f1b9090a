using CsCheck;
using Dit.Spec;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dit.Generator.Tests;

public partial class PropertyTests
{
    [Fact]
    public void The_card_of_any_model_holds_its_spec()
    {
        var random = new PCG(1, 77);
        var files = Enumerable.Range(0, 400).Select(i => new SpecText($"s{i}.dit.yaml", Legal(i).Generate(random, null, out _))).ToArray();
        var run = Generate.From(files);

        var models = files
            .SelectMany(static file => SpecFile.Parse(file.GetText().ToString()).Models)
            .Select(static model => model.Spec)
            .ToArray();
        Assert.True(models.Length >= files.Length);
        Assert.All(models, spec => Assert.Equal(SpecWriter.Write(spec), SpecIn(run.Sources[$"{spec.ClassName}.g.cs"])));
    }

    [Fact]
    public void The_text_of_a_spec_is_left_alone_where_names_in_it_are_hidden_by_the_project()
    {
        const string Spec = """"
            model: 'Model: new Tensor(torch.nn) using Linear //'
            depth: 1
            width: 8
            heads: 2
            patch_size: 2
            input: { channels: 3, size: 4 }
            conditioning: { classes: 3 }
            samplers:
              '"""Tensor""" Layer = Device': { method: ddim, steps: 5 }
            """";
        var hidden = string.Concat(
            new[] { "Tensor", "torch", "nn", "Linear", "Layer", "Device", "ModelCard", "Spec" }.Select(static name =>
                $"class {name} {{ }} "));
        var run = Generate
            .In(new Project("Acme", $"#pragma warning disable CS8981\nnamespace Acme {{ {hidden} }}"), new SpecText("x.dit.yaml", Spec))
            .AssertCompiles();

        var (name, source) = run.Sources.Single(static file => file.Key != "DitModels.g.cs");
        Assert.Contains("Torch::torch.Tensor", source);
        Assert.Equal(SpecWriter.Write(SpecFile.Parse(Spec).Models[0].Spec), SpecIn(source));
        Assert.Equal("ModelnewTensortorchnnusingLinear.g.cs", name);
    }

    private static string? SpecIn(string source) =>
        CSharpSyntaxTree
            .ParseText(source)
            .GetRoot()
            .DescendantNodes()
            .OfType<AssignmentExpressionSyntax>()
            .Single(static set =>
                set is { Left: IdentifierNameSyntax { Identifier.ValueText: "Spec" }, Parent: InitializerExpressionSyntax })
            .Right
            is LiteralExpressionSyntax literal
            ? literal.Token.ValueText
            : null;
}
