using System.Runtime.CompilerServices;
using Dit.Generator;
using Dit.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Models that are named by their specs, or by weights that carry them.</summary>
public sealed class SpecModelTests : IDisposable
{
    private const string Digits = """
        model: Digits
        depth: 1
        width: 16
        heads: 2
        patch_size: 4
        input: { channels: 3, size: 8 }
        conditioning: { classes: 3 }
        diffusion: { prediction: start-x, variance: fixed-small, schedule: squared-cosine }
        samplers:
          ddim-5: { method: ddim, steps: 5, eta: 0 }

        """;

    private const string Family = """
        family: Small-{size}
        matrix:
          size: { A: { width: 16 }, B: { width: 32 } }
        depth: 1
        heads: 2
        patch_size: 4
        input: { channels: 3, size: 8 }
        conditioning: none
        samplers:
          ddim-5: { method: ddim, steps: 5, eta: 0 }

        """;

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    // The user's cache stays as it is, and each run of the tests compiles.
    [ModuleInitializer]
    internal static void OwnCache()
    {
        var cache = Directory.CreateTempSubdirectory("dit-cache-").FullName;
        Environment.SetEnvironmentVariable(CompiledCache.Variable, cache);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(cache, recursive: true);
    }

    private static CliResult Run(params string[] args) => Cli.Run([], CancellationToken.None, args);

    private string Weights(string spec = Digits, string name = "weights.safetensors")
    {
        var model = Model(spec);
        model.Accept(new Saved(folder.Path(name)));
        return folder.Path(name);
    }

    private ModelDefinition Model(string spec) =>
        CompiledSpecs.Load(Dit.Spec.SpecWriter.Write(Dit.Spec.SpecFile.Parse(spec).Models[0].Spec), CancellationToken.None);

    private sealed class Saved(string path) : IModelVisitor<int>
    {
        public int Visit<TModel, TCondition, TProcess>()
            where TModel : TorchSharp.torch.nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var model = TModel.Create(CPU, seed: 1);
            Checkpoint.Save(model, path);
            return 0;
        }
    }

    [Fact]
    public void Five_mistakes_of_a_spec_are_the_compilers_five_errors()
    {
        var path = folder.File("five.dit.yaml", """
            model: Five
            depth: 0
            width: 30
            heads: 4
            patch_size: 3
            input: { channels: 3, size: 8 }
            conditioning: { classes: 3, dropout: 0.1 }
            samplers:
              ddim-5: { method: dim, steps: 5 }
            """);
        var compiler = CompilerErrors(path);
        Assert.Equal(5, compiler.Count);
        foreach (
            var line in new[]
            {
                $"train --data {folder.Root}",
                "sample",
                $"encode --data {folder.Root} --vae {path} --out {folder.Path("x")}",
            })
        {
            var result = Run([.. line.Split(' '), "--model", path]);
            Assert.Equal(2, result.Code);
            Assert.Equal([.. compiler, $"dit: {path} has 5 errors."], result.Error.TrimEnd('\n').Split('\n'));
        }
    }

    private const string Flow = """
        model: Flowing
        depth: 1
        width: 16
        heads: 2
        patch_size: 4
        input: { channels: 3, size: 8 }
        conditioning: { classes: 10 }
        diffusion: { schedule: flow-linear, variance: ignored, cosine_loss: true }

        """;

    [Fact]
    public void A_flow_is_trained_by_its_spec_and_its_weights_carry_it()
    {
        var (spec, data, run) = (folder.File("flow.dit.yaml", Flow), folder.Path("data"), folder.Path("run"));
        Run("data", "shapes", "--out", data, "--count", "10").Succeeds();

        Run("train", "--model", spec, "--data", data, "--out", run, "--steps", "2", "--batch", "2", "--ema", "0.5").Succeeds();

        var weights = Path.Combine(run, "weights.safetensors");
        using (var file = SafeTensorsFile.Open(weights))
            Assert.Contains("schedule: flow-linear", file.Metadata[ModelCard.SpecKey], StringComparison.Ordinal);
        Assert.Equal(
            "Flowing has no form in diffusers, whose pipeline of Diffusion Transformers knows Gaussian diffusion only.",
            Run("convert", weights, folder.Path("out"), "--to", "diffusers").Mistake());
        Assert.False(Directory.Exists(folder.Path("out")));
        Run("convert", weights, folder.Path("flow.pt"), "--to", "official").Succeeds();
        Assert.Equal(
            "The spec of Flowing declares no sampler.",
            Run("sample", "--checkpoint", weights, "--out", folder.Path("x.png")).Mistake());
    }

    [Fact]
    public void A_member_of_a_family_is_named_behind_its_file()
    {
        var path = folder.File("small.dit.yaml", Family);
        Assert.Equal(
            $"'{path}' declares 2 models, Small-A, Small-B: choose one, as in --model \"{path}#Small-A\".",
            Run("sample", "--model", path).Mistake());
        Assert.Equal(
            $"'{path}' declares no model 'Small-C'; did you mean 'Small-A'?",
            Run("sample", "--model", $"{path}#Small-C").Mistake());
        Assert.Equal($"'{path}' declares no model ''; it has Small-A, Small-B.", Run("sample", "--model", $"{path}#").Mistake());
        foreach (var member in new[] { "Small-B", "smallb" })
            Assert.StartsWith(
                "No weights of Small-B come with this program", Run("sample", "--model", $"{path}#{member}").Mistake(),
                StringComparison.Ordinal);
        // A number sign may be part of a file's own name.
        var odd = folder.File("c#.yaml#1.dit.yml", Digits);
        Assert.StartsWith("No weights of Digits come with this program", Run("sample", "--model", odd).Mistake(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_that_is_no_model_is_explained()
    {
        var weights = Weights();
        Assert.Equal("There is no file 'none.dit.yaml'.", Run("sample", "--model", "none.dit.yaml").Mistake());
        Assert.Equal(
            $"'{weights}' is no spec, which is a .dit.yaml file: name a model or a spec, and weights with --checkpoint.",
            Run("sample", "--model", weights).Mistake());
        Assert.Equal(
            "There is no model 'Digits'; 'dit models' lists them, and a spec is named by its path.",
            Run("sample", "--model", "Digits").Mistake());
        Assert.Equal("Which model? Name a spec with --model my.dit.yaml.", Run("sample").Mistake());
        Assert.StartsWith(
            "Which model? Name one with --model: ",
            Cli.Run(Tiny.DitModels.All, CancellationToken.None, "train", "--data", folder.Root).Mistake(),
            StringComparison.Ordinal);
        Assert.Equal(
            $"'{folder.Root}' is a folder: name a model, or a spec in the folder.",
            Run("sample", "--model", folder.Root).Mistake());
        var directory = Directory.CreateDirectory(folder.Path("folder.dit.yaml")).FullName;
        Assert.Equal($"'{directory}' is a folder; name a YAML file in it.", Run("sample", "--model", directory).Mistake());
    }

    [Fact]
    public void Warnings_of_a_spec_are_said_and_the_command_goes_on()
    {
        var path = folder.File("two.dit.yaml", Digits.Replace("channels: 3", "channels: 2", StringComparison.Ordinal));
        var result = Run("train", "--model", path, "--data", folder.Path("none"));
        Assert.StartsWith($"{path}(6,20): warning DIT116: ", result.Error, StringComparison.Ordinal);
        Assert.Contains($"\ndit: The image folder {folder.Path("none")} does not exist.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_alone_are_drawn_with_and_the_sampler_is_theirs()
    {
        var text = Run("sample", "-c", Weights(), "--count", "1", "--out", folder.Path("a.png")).Succeeds();
        Assert.Contains("Wrote 3 samples of Digits (ddim-5, ", text, StringComparison.Ordinal);
        // A program that has the model by now, with other samplers, means those.
        var own = Model(
            Digits.Replace("ddim-5: { method: ddim, steps: 5, eta: 0 }", "ddpm-4: { method: ddpm, steps: 4 }", StringComparison.Ordinal));
        Assert.Contains(
            "of Digits (ddpm-4, ",
            Cli.Run(
                    [own],
                    CancellationToken.None,
                    "sample",
                    "-c",
                    folder.Path("weights.safetensors"),
                    "--count",
                    "1",
                    "--out",
                    folder.Path("a.png"))
                .Succeeds(),
            StringComparison.Ordinal);
        // One of the same name that is another model is not taken for it.
        var wider = Model(Digits.Replace("width: 16", "width: 32", StringComparison.Ordinal));
        Assert.Contains(
            "of Digits (ddim-5, ",
            Cli.Run(
                    [wider],
                    CancellationToken.None,
                    "sample",
                    "-c",
                    folder.Path("weights.safetensors"),
                    "--count",
                    "1",
                    "--out",
                    folder.Path("a.png"))
                .Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_a_spec_that_was_edited_since_are_told_by_what_was_edited()
    {
        var weights = Weights();
        string[] sample = ["sample", "-c", weights, "--count", "1", "--out", folder.Path("a.png"), "--model"];
        var wider = folder.File("wider.dit.yaml", Digits.Replace("width: 16", "width: 32", StringComparison.Ordinal));
        Assert.Equal(
            $"'{weights}' is of Digits with width 16 in place of 32: leave --model out to draw with the spec that it carries, or name "
                + $"other weights.",
            Run([.. sample, wider]).Mistake());
        var heads = folder.File("heads.dit.yaml", Digits.Replace("heads: 2", "heads: 4", StringComparison.Ordinal));
        var drawn = Run([.. sample, heads]);
        Assert.Equal(0, drawn.Code);
        Assert.Equal(
            $"dit: note: '{weights}' was trained with heads 2 in place of 4: its weights load, and mean something else. Leave --model out "
                + $"to draw with the spec that they carry.\n",
            drawn.Error);
        // Samplers and comments are no such edit.
        Run([.. sample, folder.File("same.dit.yaml", Digits.Replace("steps: 5", "steps: 4", StringComparison.Ordinal) + "# A comment.\n")])
            .Succeeds();
    }

    [Theory]
    [InlineData("model: [", "The spec that '*' carries has an error, so it is of a later version or damaged: ")]
    [InlineData("", "The spec that '*' carries has an error, so it is of a later version or damaged: ")]
    [InlineData(
        "family: F-{s}\nmatrix: { s: { A: { width: 16 }, B: { width: 32 } } }\ndepth: 1\nheads: 2\npatch_size: 4\ninput: { channels: 3, "
            + "size: 8 }\nconditioning: none\n",
        "The spec that '*' carries declares several models, ")]
    public void A_carried_spec_that_is_of_no_use_is_one_line(string spec, string message)
    {
        var path = folder.Path("a.safetensors");
        using (var one = ones(1))
            SafeTensors.Save(path, [("pos_embed", one)], new Dictionary<string, string> { [ModelCard.SpecKey] = spec });
        Assert.StartsWith(
            message.Replace("*", path, StringComparison.Ordinal), Run("sample", "-c", path).Mistake(), StringComparison.Ordinal);
        Assert.Contains(
            "Name the model with --model",
            Run("sample", "-c", path).Mistake().Replace("name the", "Name the", StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.Contains(
            $"dit: note: {message.Replace("*", path, StringComparison.Ordinal)}",
            Cli.Run("inspect", path).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_compiled_is_kept_and_what_is_damaged_is_compiled_anew()
    {
        var spec = Digits.Replace("Digits", "Kept", StringComparison.Ordinal);
        var before = Compiled();
        Assert.Equal("Kept", Model(spec).Card.Name);
        var kept = Assert.Single(Compiled().Except(before));
        Assert.Same(Model(spec), Model($"# A comment.\n{spec}"));
        // A new process finds the file; here its contents are loaded by hand.
        File.WriteAllBytes(kept, File.ReadAllBytes(kept)[..1000]);
        Assert.Null(CompiledSpecs.Kept(Path.GetFileNameWithoutExtension(kept)));
        Assert.Null(CompiledSpecs.Kept(new string('0', 64)));

        static string[] Compiled() => Directory.GetFiles(Environment.GetEnvironmentVariable(CompiledCache.Variable) ?? "", "*.dll");
    }

    [Fact]
    public void Samplers_are_suggested_without_a_compiler()
    {
        var path = folder.File("small.dit.yaml", Family);
        var suggested = new CommandContext([], TextWriter.Null, TextWriter.Null, Interactive: false, CancellationToken.None)
            .SamplersOf($"{path}#Small-A");
        Assert.Equal(["ddim-5", .. SamplingMethods<GaussianDiffusion>.Fitting.Select(static method => method.Card.Word)], suggested);
        Assert.Contains("ddim-5", Run("[suggest:200]", $"sample --model {path}#Small-B --sampler ").Succeeds(), StringComparison.Ordinal);
        Assert.Contains("ddim-50", Cli.Run("[suggest:200]", "sample --model Shapes --sampler ").Succeeds(), StringComparison.Ordinal);
    }

    /// <summary>What the compiler says of a project with one spec.</summary>
    private static IReadOnlyList<string> CompilerErrors(string path)
    {
        var driver = CSharpGeneratorDriver.Create([new DitGenerator().AsSourceGenerator()], [new Text(path)])
            .RunGenerators(CSharpCompilation.Create("Consumer"));
        return
        [
            .. driver
                .GetRunResult()
                .Diagnostics.Where(static d => d.Severity == DiagnosticSeverity.Error)
                .OrderBy(static d => d.Location.GetLineSpan().StartLinePosition)
                .Select(static d => CSharpDiagnosticFormatter.Instance.Format(d, System.Globalization.CultureInfo.InvariantCulture)),
        ];
    }

    private sealed class Text(string path) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(File.ReadAllText(path));
    }
}
