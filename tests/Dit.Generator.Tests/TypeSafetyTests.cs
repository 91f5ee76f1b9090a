namespace Dit.Generator.Tests;

/// <summary>
/// What a model is conditioned on, and which samplers are its own, is in its type: code that mixes them up does not
/// compile.
/// </summary>
public class TypeSafetyTests
{
    private const string Specs = """
        family: "{kind}"
        matrix:
          kind:
            Classes: { conditioning: { classes: 10 } }
            Digits: { conditioning: { classes: 10 }, diffusion: { prediction: start-x, variance: fixed-small, schedule: squared-cosine } }
            Captions: { conditioning: { variant: cross-attention, text: { tokens: 77, width: 768 } } }
            Anything: { conditioning: none }
            Always: { conditioning: { classes: 10, dropout: 0 } }
        depth: 1
        width: 32
        heads: 4
        patch_size: 2
        input: { channels: 4, size: 8 }
        autoencoder: none
        samplers:
          ddim-5: { method: ddim, steps: 5 }
        """;

    private const string JointSpec = """
        model: Pairs
        backbone: unidiffuser
        depth: 3
        width: 32
        heads: 4
        patch_size: 2
        input: { channels: 4, size: 8 }
        conditioning: none
        diffusion: { variance: fixed-small }
        autoencoder: none
        samplers:
          ddim-5: { method: ddim, steps: 5, clip_denoised: false }
        """;

    private static readonly Generate Models =
        Generate.From(new SpecText("models.dit.yaml", Specs), new SpecText("pairs.dit.yaml", JointSpec)).AssertCompiles();

    [Theory]
    [InlineData("classes.forward(x, t, labels);")]
    [InlineData("captions.forward(x, t, text);")]
    [InlineData("anything.forward(x, t);")]
    [InlineData("classes.ForwardWithGuidance(x, t, labels, 4.0);")]
    [InlineData("captions.ForwardWithGuidance(x, t, text, 4.0, GuidanceChannels.All);")]
    [InlineData("Classes.Samplers.Ddim5.Sample(classes, labels, guidance: 4.0, seed: 0);")]
    [InlineData("Classes.Samplers.Ddim5.Sample(classes, [1, 2, 3]);")]
    [InlineData("Classes.Samplers.Ddim5.Sample(classes, new[] { 1, 2 }, guidance: 4, seed: 1);")]
    [InlineData(
        "Classes.Samplers.Ddim5.Sample(classes, labels, guidance: new(4) { Channels = GuidanceChannels.All, Interval = new(0.3, 5) }, "
            + "options: new() { FirstIndex = 8 });")]
    [InlineData("Classes.Samplers.Ddim5.Invert(classes, x, labels, guidance: 2);")]
    [InlineData("Classes.Samplers.Ddim5.Invert(classes, x, [1, 2], options: new() { Session = classes.CreateSession() });")]
    [InlineData("new Sampler<Classes, ClassLabels, GaussianDiffusion>(\"mine\", new Ddim(5)).Sample(classes, labels);")]
    [InlineData("Anything.Samplers.Ddim5.Invert(anything, x);")]
    [InlineData("Captions.Samplers.Ddim5.Sample(captions, text, guidance: 4.0, seed: 0);")]
    [InlineData("Anything.Samplers.Ddim5.Sample(anything, 16, seed: 0);")]
    [InlineData("JointPair both = Pairs.Samplers.Ddim5.Joint(pairs, 2, guidance: 4.0, seed: 1);")]
    [InlineData("JointImage drawn = Pairs.Samplers.Ddim5.TextToImage(pairs, words, guidance: 4.0, seed: 1);")]
    [InlineData("JointText drawn = Pairs.Samplers.Ddim5.ImageToText(pairs, picture, guidance: 4.0, seed: 1);")]
    [InlineData("JointImage drawn = Pairs.Samplers.Ddim5.Image(pairs, 2, seed: 1);")]
    [InlineData("JointText drawn = Pairs.Samplers.Ddim5.Text(pairs, 2, seed: 1);")]
    [InlineData("JointImage drawn = Pairs.Samplers.Ddim5.ImageVariation(pairs, picture, guidance: 4.0);")]
    [InlineData("JointText drawn = Pairs.Samplers.Ddim5.TextVariation(pairs, words, guidance: 4.0);")]
    [InlineData("var (image, clip, drawn) = pairs.forward(x, x, x, t, t);")]
    [InlineData("Classes.Load(\"a.pt\", grid: CheckpointGrid.Recompute(Console.WriteLine));")]
    public void What_belongs_together_compiles(string statement) => Assert.Empty(Errors(statement));

    [Theory]
    [InlineData(
        "classes.forward(x, t, text);",
        "CS1503: Argument 3: cannot convert from 'Dit.Runtime.TextEmbeddings' to 'TorchSharp.torch.Tensor'")]
    [InlineData(
        "captions.forward(x, t, labels);",
        "CS1503: Argument 3: cannot convert from 'TorchSharp.torch.Tensor' to 'Dit.Runtime.TextEmbeddings'")]
    [InlineData("anything.forward(x, t, labels);", "CS1501: No overload for method 'forward' takes 3 arguments")]
    [InlineData(
        "classes.forward(x, t);",
        "CS7036: There is no argument given that corresponds to the required parameter 'labels' of 'Classes.forward(torch.Tensor, "
            + "torch.Tensor, torch.Tensor)'")]
    [InlineData(
        "classes.call(x, t, text);",
        "CS1503: Argument 3: cannot convert from 'Dit.Runtime.TextEmbeddings' to 'TorchSharp.torch.Tensor'")]
    public void A_condition_of_another_kind_does_not_compile(string statement, string error) => Assert.Equal([error], Errors(statement));

    [Theory]
    [InlineData(
        "Classes.Samplers.Ddim5.Sample(digits, labels);",
        "CS1503: Argument 1: cannot convert from 'Consumer.Digits' to 'Consumer.Classes'")]
    [InlineData(
        "Classes.Samplers.Ddim5.Sample(classes, text);",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.TextEmbeddings' to 'Dit.Runtime.ClassLabels'")]
    [InlineData(
        "Captions.Samplers.Ddim5.Sample(captions, labels);",
        "CS1503: Argument 2: cannot convert from 'TorchSharp.torch.Tensor' to 'Dit.Runtime.TextEmbeddings'")]
    [InlineData(
        "Captions.Samplers.Ddim5.Sample(captions, text, options: new() { Session = classes.CreateSession() });",
        "CS0029: Cannot implicitly convert type 'Dit.Runtime.InferenceSession<Dit.Runtime.ClassLabels>' to "
            + "'Dit.Runtime.InferenceSession<Dit.Runtime.TextEmbeddings>'")]
    [InlineData(
        "Anything.Samplers.Ddim5.Sample(anything, labels);",
        "CS1503: Argument 2: cannot convert from 'TorchSharp.torch.Tensor' to 'Dit.Runtime.NoCondition'")]
    [InlineData(
        "Sampler<Classes, ClassLabels, GaussianDiffusion> mine = Digits.Samplers.Ddim5;",
        "CS0029: Cannot implicitly convert type 'Dit.Runtime.Sampler<Consumer.Digits, Dit.Runtime.ClassLabels, "
            + "Dit.Runtime.GaussianDiffusion>' to 'Dit.Runtime.Sampler<Consumer.Classes, Dit.Runtime.ClassLabels, "
            + "Dit.Runtime.GaussianDiffusion>'")]
    [InlineData(
        "new Sampler<Classes, ClassLabels, GaussianDiffusion>(\"mine\", new Ddim(5), process: Digits.Process);",
        "CS1739: The best overload for 'Sampler' does not have a parameter named 'process'")]
    [InlineData(
        "new Sampler<Classes, ClassLabels, GaussianDiffusion>(\"mine\", new EulerMaruyama(5));",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.EulerMaruyama' to "
            + "'Dit.Runtime.Solver<Dit.Runtime.GaussianDiffusion>'")]
    [InlineData(
        "new Sampler<Classes, ClassLabels, GaussianDiffusion>(\"mine\", new UniPc<Dit.Runtime.Flow>(5));",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.UniPc<Dit.Runtime.Flow>' to "
            + "'Dit.Runtime.Solver<Dit.Runtime.GaussianDiffusion>'")]
    [InlineData(
        "new EulerAncestral<Dit.Runtime.Flow>(5);", "CS0308: The non-generic type 'EulerAncestral' cannot be used with type arguments")]
    [InlineData(
        "Solver<Dit.Runtime.Flow> mine = new EulerAncestral(5);",
        "CS0029: Cannot implicitly convert type 'Dit.Runtime.EulerAncestral' to 'Dit.Runtime.Solver<Dit.Runtime.Flow>'")]
    [InlineData(
        "new Sampler<Classes, ClassLabels, GaussianDiffusion>(\"mine\", new ByFlow());",
        "CS1503: Argument 2: cannot convert from 'ByFlow' to 'Dit.Runtime.Solver<Dit.Runtime.GaussianDiffusion>'")]
    public void A_sampler_of_another_model_or_process_does_not_compile(string statement, string error) =>
        Assert.Equal([error], Errors(statement));

    [Theory]
    [InlineData(
        "Pairs.Samplers.Ddim5.TextToImage(pairs, picture);",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.JointImage' to 'Dit.Runtime.JointText'")]
    [InlineData(
        "Pairs.Samplers.Ddim5.ImageToText(pairs, words);",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.JointText' to 'Dit.Runtime.JointImage'")]
    [InlineData(
        "Pairs.Samplers.Ddim5.ImageVariation(pairs, words);",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.JointText' to 'Dit.Runtime.JointImage'")]
    [InlineData(
        "Pairs.Samplers.Ddim5.TextVariation(pairs, picture);",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.JointImage' to 'Dit.Runtime.JointText'")]
    [InlineData(
        "JointText drawn = Pairs.Samplers.Ddim5.TextToImage(pairs, words);",
        "CS0029: Cannot implicitly convert type 'Dit.Runtime.JointImage' to 'Dit.Runtime.JointText'")]
    [InlineData(
        "Pairs.Samplers.Ddim5.TextToImage(pairs, text);",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.TextEmbeddings' to 'Dit.Runtime.JointText'")]
    [InlineData(
        "Pairs.Samplers.Ddim5.Image(classes, 2);",
        "CS1503: Argument 1: cannot convert from 'Consumer.Classes' to 'Consumer.Pairs'")]
    [InlineData("Pairs.Samplers.Ddim5.Image(pairs, 2, guidance: 4.0);",
        "CS1739: The best overload for 'Image' does not have a parameter named 'guidance'")]
    [InlineData(
        "new JointSampler<Pairs>(\"mine\", new UniPc<Dit.Runtime.Flow>(5));",
        "CS1503: Argument 2: cannot convert from 'Dit.Runtime.UniPc<Dit.Runtime.Flow>' to "
            + "'Dit.Runtime.Solver<Dit.Runtime.GaussianDiffusion>'")]
    public void The_wrong_modality_does_not_compile(string statement, string error) => Assert.Equal([error], Errors(statement));

    [Theory]
    [InlineData(
        "anything.ForwardWithGuidance(x, t, labels, 4.0);",
        "CS1061: 'Anything' does not contain a definition for 'ForwardWithGuidance'")]
    [InlineData(
        "Anything.Samplers.Ddim5.Sample(anything, 16, guidance: 4.0);",
        "CS1503: Argument 2: cannot convert from 'int' to 'Dit.Runtime.NoCondition'")]
    public void Guidance_of_a_model_without_a_condition_does_not_compile(string statement, string error) =>
        Assert.StartsWith(error, Assert.Single(Errors(statement)));

    [Fact]
    public void Guidance_of_a_model_that_knows_no_null_class_does_not_compile() => Assert.Equal(
        ["CS0619: 'Always.ForwardWithGuidance(torch.Tensor, torch.Tensor, torch.Tensor, double, GuidanceChannels)' is obsolete: 'Always has no null class to guide away from: its spec has conditioning.dropout 0'"],
        Errors("Always.Create().ForwardWithGuidance(x, t, labels, 4.0);"));

    // A namespace called like a type of the runtime, of TorchSharp or of the system must not hide it.
    [Theory]
    [
        InlineData("Guidance"),
        InlineData("Generator"),
        InlineData("Acme.Layer"),
        InlineData("Acme.Checkpoint.Guard"),
        InlineData("My.Dit"),
        InlineData("My.TorchSharp"),
        InlineData("My.System"),
        InlineData("Init")
    ]
    public void Models_compile_in_a_project_of_any_name(string rootNamespace) =>
        Generate.In(rootNamespace, new SpecText("models.dit.yaml", Specs), new SpecText("attribute.dit.yaml", """
            model: ModuleInitializerAttribute
            depth: 1
            width: 8
            heads: 2
            patch_size: 2
            input: { channels: 3, size: 4 }
            conditioning: { classes: 2 }
            """)).AssertCompiles();

    private static IReadOnlyList<string> Errors(string statement) => Models.ErrorsOf($$"""
        using System;
        using Dit.Runtime;
        using TorchSharp;
        using Consumer;

        sealed class Flow(GaussianDiffusion other) : IProcess
        {
            public Prediction Prediction => Prediction.Velocity;
            public double NoiseTime => 1;
            public double DataTime => 0;
            public double Alpha(double t) => 1 - t;
            public double Sigma(double t) => t;
            public PredictionWeights Weights(Prediction prediction, double t) => other.Weights(prediction, t);
            public double[] DrawTimes(int n, torch.Generator random) => other.DrawTimes(n, random);
        }

        sealed record ByFlow() : FixedStepSolver<Flow>(5)
        {
            public override string Method => "flow";
            public override torch.Tensor Run(Flow process, Denoiser network, SolverRun run) => run.Start;
        }

        static class Program
        {
            static void Use(
                Classes classes, Digits digits, Captions captions, Anything anything, Pairs pairs, torch.Tensor x, torch.Tensor t,
                torch.Tensor labels, TextEmbeddings text, JointText words, JointImage picture)
            {
                {{statement}}
            }
        }
        """);
}
