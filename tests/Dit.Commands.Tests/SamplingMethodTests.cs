using System.Text.Json;
using Dit.Commands.Tests.Tiny;
using Dit.Definitions;
using Dit.Runtime;
using static TorchSharp.torch;
using SpecFile = Dit.Spec.SpecFile;
using SpecWriter = Dit.Spec.SpecWriter;

namespace Dit.Commands.Tests;

/// <summary>Sampling methods by name, the number of network evaluations, and <c>dit samplers</c>.</summary>
[Collection(WithTrainedShapes.Name)]
public sealed class SamplingMethodTests(TrainedShapes trained) : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private CliResult Sample(string outName, params string[] more) => Cli.Run(Line.With("sample",
        [("--checkpoint", trained.Weights), ("--count", "1"), ("--classes", "star"), ("--steps", "4"), ("--out", folder.Path(outName))],
        more));

    private Tensor Samples(string name)
    {
        using var file = SafeTensorsFile.Open(folder.Path(name));
        return file.Read("samples");
    }

    [Fact]
    public void A_method_draws_what_its_solver_draws()
    {
        Assert.Contains(
            "(dpm-solver++-4, guidance 2, seed 3)",
            Sample("a.safetensors", "--sampler", "DPM-Solver++", "--order", "3", "--spacing", "karras", "--seed", "3").Succeeds(),
            StringComparison.Ordinal);
        using var scope = NewDisposeScope();
        using var model = Shapes.Load(trained.Weights);
        var sampler = new Sampler<Shapes, ClassLabels, GaussianDiffusion>(
            "x", new DpmSolverPlusPlus<GaussianDiffusion>(4, 3, Spacing.Karras, ClipDenoised: true));
        Assert.True(sampler.Sample(model, [8], guidance: 2, seed: 3).Equals(Samples("a.safetensors")));
    }

    [Fact]
    public void Every_method_that_fits_draws_and_a_setting_changes_the_image()
    {
        using var scope = NewDisposeScope();
        foreach (var method in SamplingMethods<GaussianDiffusion>.Fitting)
        {
            string[] line = ["--sampler", method.Card.Word];
            if (method.Card.Steps is null) Draw("plain.safetensors", [.. line, "--rtol", "0.5", "--atol", "0.5"]);
            else Sample("plain.safetensors", line).Succeeds();
            Assert.True(Samples("plain.safetensors").isfinite().all().item<bool>());
        }
        Sample("eta0.safetensors", "--sampler", "ddim").Succeeds();
        Sample("eta1.safetensors", "--sampler", "ddim", "--eta", "1").Succeeds();
        Assert.False(Samples("eta0.safetensors").Equals(Samples("eta1.safetensors")));
    }

    private string Draw(string name, params string[] more) => Cli.Run(
        ["sample", "--checkpoint", trained.Weights, "--count", "1", "--classes", "star", "--out", folder.Path(name), .. more]).Succeeds();

    [Fact]
    public void The_number_of_evaluations_is_said_before_and_after()
    {
        var text = Sample("a.png", "--sampler", "heun", "--cfg", "1").Succeeds();
        Assert.StartsWith(
            "Drawing 1 sample of Shapes with heun-4: 7 network evaluations for each image.\nWrote ", text, StringComparison.Ordinal);
        Assert.EndsWith("\nIt took 7 network evaluations for each image.\n", text, StringComparison.Ordinal);
        text = Sample("a.png").Succeeds();
        const string Guided = "4 network evaluations for each image; guidance runs the network twice in each, with and without the "
            + "condition: 8 passes.\n";
        Assert.StartsWith($"Drawing 1 sample of Shapes with ddpm-4: {Guided}", text, StringComparison.Ordinal);
        Assert.EndsWith($"\nIt took {Guided}", text, StringComparison.Ordinal);
        Assert.Contains(
            "for each image; where guidance acts, the network runs twice, with and without the condition.\nWrote",
            Sample("a.png", "--cfg-interval", "0,1").Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_adaptive_method_says_how_many_it_made()
    {
        var text = Draw("a.png", "--sampler", "dopri5", "--rtol", "0.1", "--cfg", "1");
        Assert.StartsWith(
            "Drawing 1 sample of Shapes with dopri5: as many network evaluations as its tolerances need.\n",
            text,
            StringComparison.Ordinal);
        Assert.Matches(@"\nIt took [0-9]+ network evaluations for each image\.\n$", text);
        Assert.Equal("adaptive", ImageTexts.Read(folder.Path("a.png"))["dit.evaluations"]);
    }

    [Fact]
    public void A_method_and_its_settings_are_in_the_picture_and_in_the_command()
    {
        Sample("a.png", "--sampler", "unipc", "--variant", "bh1", "--order", "3").Succeeds();
        var texts = ImageTexts.Read(folder.Path("a.png"));
        Assert.Equal(
            ("unipc", "unipc", "3", "bh1"),
            (texts["dit.sampler"], texts["dit.method"], texts["dit.sampler.order"], texts["dit.sampler.variant"]));
        Assert.Contains(
            " --sampler unipc --steps 4 --order 3 --variant bh1 --cfg 2 ",
            Cli.Run("inspect", folder.Path("a.png")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "--sampler sde-euler",
        "sde-euler is a method for a flow, and the process of Shapes is a Gaussian diffusion: take one of ddpm, ")]
    [InlineData("--sampler ddpm --eta 1", "ddpm has no setting --eta: leave it out.")]
    [InlineData("--sampler unipc --eta 1", "unipc has no setting --eta; it has --order, --variant, --spacing, --shift.")]
    [InlineData("--order 3", "--order is a setting of a method, such as --sampler dpm-solver++, and ddpm-100 is a sampler of the spec")]
    [InlineData("--sampler dopri5", "The sampler dopri5 chooses its steps as it goes: leave --steps out.")]
    [InlineData("--sampler unipc --order 4", "A solver of order 4 was asked for: there are orders 1 to 3.")]
    [InlineData("--sampler unipc --order 3 --steps 2", "A solver of order 3 needs at least 3 steps, and has 2.")]
    [InlineData("--sampler unipc --order two", "--order takes a whole number from 1 to 3, not 'two'.")]
    [InlineData("--sampler unipc --variant bh3", "--variant takes one of bh1, bh2, not 'bh3'.")]
    [InlineData("--sampler ddim --steps 1001", "--steps 1001 is out of range: Shapes is sampled in 2 to 1000 steps.")]
    [InlineData("--sampler euler --steps 0", "--steps 0 is out of range: ")]
    [InlineData("--sampler unipc --shift 3", "A shift of 3 was given for a Gaussian diffusion: only the time of a flow is shifted.")]
    [InlineData("--sampler unipcs", "Shapes has no sampler 'unipcs'; did you mean 'unipc'?")]
    [InlineData("--sampler magic", "Shapes has no sampler 'magic'; it has ddpm-100, ddim-50")]
    public void What_does_not_fit_is_one_line(string options, string message)
    {
        Assert.StartsWith(message, Sample("no.png", options.Split(' ')).Mistake(), StringComparison.Ordinal);
        Assert.Empty(folder.Files());
    }

    [Fact]
    public void Samplers_lists_the_declared_ones_and_the_methods_that_fit()
    {
        var text = Cli.Run("samplers").Succeeds();
        Assert.StartsWith("Shapes is a Gaussian diffusion.\n\nSamplers of its spec:\n", text, StringComparison.Ordinal);
        Assert.Matches(@"\n  ddim-50 +ddim +50 +50 +1 +yes +eta 0 +arXiv", text);
        Assert.Matches(@"\n  ddpm-100 +ddpm +100 +100 +1 +no +arXiv 2006\.11239, algorithm 2\n", text);
        Assert.Matches(@"\n  unipc +20 +20 +1 to 3 +yes +order 2, variant bh2, spacing usual, shift 1 +arXiv 2302\.04867\n", text);
        Assert.Matches(@"\n  heun +25 +49 +2 +yes ", text);
        Assert.Matches(@"\n  dopri5 +adaptive +adaptive +5 +yes +rtol 0\.001, atol 0\.000001 ", text);
        Assert.DoesNotContain("sde-euler", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Samplers_as_json_have_every_field()
    {
        using var json = JsonDocument.Parse(Cli.Run("samplers", "--model", "DiT-XL/2", "--json").Succeeds());
        Assert.Equal("a Gaussian diffusion", json.RootElement.GetProperty("process").GetString());
        var all = json.RootElement.GetProperty("samplers").EnumerateArray().ToArray();
        var ddim = all.Single(static row => row.GetProperty("name").GetString() == "ddim");
        Assert.Equal("0", ddim.GetProperty("settings").GetProperty("eta").GetString());
        Assert.Equal("with eta 0", ddim.GetProperty("deterministic").GetString());
        Assert.Equal(50, ddim.GetProperty("evaluations").GetInt32());
        Assert.Contains(all, static row => row.GetProperty("isDeclared").GetBoolean() && row.GetProperty("name").GetString() == "ddpm-250");
    }

    [Fact]
    public void A_flow_has_its_own_methods()
    {
        string[] words = [.. SamplingMethods<Flow>.Fitting.Select(static method => method.Card.Word)];
        Assert.Contains("sde-heun", words);
        Assert.DoesNotContain("ddim", words);
        var settings = new MethodSettings(new Dictionary<MethodSetting, string>
        {
            [MethodSetting.Form] = "sbdm",
            [MethodSetting.LastStep] = "tweedie",
            [MethodSetting.Norm] = "0.5",
        })
        { Steps = 9 };
        var create = SamplingMethods<Flow>.Find("sde-euler")?.Create;
        Assert.Equal(new EulerMaruyama(9, DiffusionForm.Sbdm, 0.5, LastStep.Tweedie), create?.Invoke(settings));
        var shifted = new MethodSettings(new Dictionary<MethodSetting, string> { [MethodSetting.Shift] = "3" }) { Steps = 4 };
        Assert.Equal(new Euler<Flow>(4, Spacing.Shifted(3)), SamplingMethods<Flow>.Find("euler")?.Create?.Invoke(shifted));
    }

    [Fact]
    public void The_methods_their_settings_and_defaults_are_those_of_specs()
    {
        Check<GaussianDiffusion>("linear");
        Check<Flow>("flow-linear");

        static void Check<TProcess>(string schedule)
            where TProcess : IProcess => Assert.All(SamplingMethods<TProcess>.All, method =>
            {
                var steps = method.Card.Steps is { } usual ? $", steps: {usual}" : "";
                var file = SpecFile.Parse($$"""
                    model: A
                    depth: 1
                    width: 8
                    heads: 2
                    patch_size: 4
                    input: { channels: 3, size: 8 }
                    conditioning: none
                    diffusion: { schedule: {{schedule}} }
                    samplers: { a: { method: {{method.Card.Word}}{{steps}} } }
                    """);
                Assert.Equal(method.Create is not null, file.Errors.Count == 0);
                if (file.Models is [{ Spec.Samplers: [var sampler] }])
                    Assert.Equal(
                        SpecWriter.SettingsOf(sampler).Select(static setting => (setting.Key, setting.Value)),
                        method.Card.Settings.Select(static setting => (setting.Name, setting.Default)));
            });
    }

    /// <summary>The words and defaults of the table are those of the solvers.</summary>
    [Fact]
    public void The_table_agrees_with_the_solvers()
    {
        foreach (var method in SamplingMethods<GaussianDiffusion>.Fitting) Check(method);
        foreach (var method in SamplingMethods<Flow>.Fitting) Check(method);
        Assert.All(MethodSetting.All, static setting => Assert.True(setting.Takes(setting.Default)));
        Assert.Equal(new DpmSolverPlusPlus<Flow>(20), Usual<Flow>("dpm-solver++"));
        Assert.Equal(new UniPc<Flow>(20), Usual<Flow>("unipc"));
        Assert.Equal(new Dopri5<Flow>(), Usual<Flow>("dopri5"));
        Assert.Equal(new EulerMaruyama(250), Usual<Flow>("sde-euler"));
        Assert.Equal(new Ddim(50), Usual<GaussianDiffusion>("ddim"));

        static void Check<TProcess>(SamplingMethod<TProcess> method)
            where TProcess : IProcess
        {
            Assert.Equal(method.Card.Word, Usual<TProcess>(method.Card.Word).Method);
            Assert.Equal(method.Card.Steps is null, Usual<TProcess>(method.Card.Word) is not FixedStepSolver<TProcess>);
        }

        static Solver<TProcess> Usual<TProcess>(string word)
            where TProcess : IProcess =>
            SamplingMethods<TProcess>.Find(word) is { Create: { } create } method
                ? create(MethodSettings.None with { Steps = method.Card.Steps ?? 0 })
                : throw new InvalidOperationException(word);
    }
}
