using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The parts that every variant of a DiT is made of, named as in the official code.</summary>
internal sealed partial class DitParts(ModelSpec spec, Backbone.Dit dit)
{
    /// <summary>Width of the sinusoidal timestep features (official code: <c>frequency_embedding_size</c>).</summary>
    public const int TimestepFeatures = 256;

    private static readonly Initialization Xavier = new Initialization.XavierUniform(), Zero = new Initialization.Zero();

    /// <summary>T.</summary>
    public Dim T { get; } = Dim.Letter("T", spec.Tokens);

    /// <summary>M.</summary>
    public Dim M { get; } = Dim.Letter("M", spec.ContextTokens);

    /// <summary>D.</summary>
    public Dim D { get; } = Dim.Letter("D", spec.Width);

    /// <summary>K.</summary>
    public Dim K { get; } = Dim.Letter("K", spec.HeadWidth);

    /// <summary>(N, T, D).</summary>
    public EquatableArray<Dim> Tokens => Shape.Of(Dim.Batch, T, D);

    public Module PatchEmbedding => StandardParts.PatchEmbedding(spec.Input, spec.PatchSize, T, D);

    public Module TimestepEmbedder => StandardParts.TimestepEmbedder(TimestepFeatures, dit.Numerics == Numerics.Diffusers ? 127 : 128, D);

    public Module LabelEmbedder(int rows) => StandardParts.LabelEmbedder(rows, D);

    public Module TextEmbedder(int tokens, int width, bool hasNull) => StandardParts.TextEmbedder(tokens, width, hasNull, D);

    public Module Attention => Module(
        "Attention", $"Multi-head self-attention, {spec.Heads} heads of width {spec.HeadWidth}{Prepared}",
        [new("x", Tokens, "Tokens"), .. Positions],
        [new Member.Linear("qkv", D, 3 * D, Xavier), .. QueryKeyNorms, new Member.Linear("proj", D, D, Xavier)],
        [
            Let("mixed", SelfAttention),
            Return(Call("proj", "mixed")),
        ],
        "Tokens");

    public Module CrossAttention => Module(
        "CrossAttention", $"Multi-head attention of the image's tokens to the condition's, {spec.Heads} heads of width {spec.HeadWidth}",
        [new("x", Tokens, "Tokens"), Context],
        [new Member.Linear("q", D, D, Xavier), new Member.Linear("kv", D, 2 * D, Xavier), new Member.Linear("proj", D, D, Xavier)],
        [
            Let("mixed", new Value.CrossAttention(Call("q", "x"), Call("kv", "context"), spec.Heads)),
            Return(Call("proj", "mixed")),
        ],
        "Tokens");

    public Argument Context => new("context", Shape.Of(Dim.Batch, M, D), "The condition's tokens");

    public Module Mlp => dit.Block.Mlp == MlpKind.SwiGlu ? GatedMlp : Module(
        "Mlp", $"Two linear layers with {(dit.Block.Mlp == MlpKind.Gelu ? "GELU" : "the tanh form of GELU")} between them",
        [new("x", Tokens, "Tokens")],
        [new Member.Linear("fc1", D, spec.HiddenWidth, Xavier), new Member.Linear("fc2", spec.HiddenWidth, D, Xavier)],
        [
            Let("h", new Value.Activate(dit.Block.Mlp == MlpKind.Gelu ? Activation.Gelu : Activation.GeluTanh, Call("fc1", "x"))),
            Return(Call("fc2", "h")),
        ],
        "Tokens");

    private Module GatedMlp
    {
        get
        {
            var hidden = dit.Block.HiddenWidth(spec.HiddenWidth);
            return Module(
                "Mlp", "SwiGLU: two linear layers, the output of the first half gate and half gated (arXiv 2002.05202)",
                [new("x", Tokens, "Tokens")],
                [new Member.Linear("w12", D, 2 * hidden, Xavier), new Member.Linear("w3", hidden, D, Xavier)],
                [
                    Let("h", new Value.SwiGlu(Call("w12", "x"))),
                    Return(Call("w3", "h")),
                ],
                "Tokens");
        }
    }

    public Module FinalLayer => Module(
        "FinalLayer", $"{Capitalized(NormWord)}, then a linear layer from tokens to patches",
        [new("x", Tokens, "Tokens")],
        [Norm("norm_final"), Output],
        [Return(Call("linear", Call("norm_final", "x")))],
        "Patches", "The linear layer zero: a new model predicts zero");

    public Module AdaptiveFinalLayer => Module(
        "FinalLayer", $"Adaptive {NormWord}, then a linear layer from tokens to patches",
        [new("x", Tokens, "Tokens"), new("c", Shape.Of(Dim.Batch, D), "Condition")],
        IsShared ? [Table(2), AdaptiveNorm("norm_final"), Output] : [AdaptiveNorm("norm_final"), Output, Modulation(2, Zero)],
        [
            Split("m", Regressed, ["shift", "scale"]),
            Return(Call("linear", new Value.Modulate("norm_final", "x", "shift", "scale"))),
        ],
        "Patches", IsShared ? "The linear layer zero: a new model predicts zero" : "All zero: a new model predicts zero");

    private Member Output => new Member.Linear("linear", D, spec.PatchSize * spec.PatchSize * spec.OutputChannels, Zero);

    /// <summary>The layer that regresses shifts, scales and gates from the condition.</summary>
    public Member Modulation(int parts, Initialization start) =>
        Chain("adaLN_modulation", new Member.Activate(Activation.Silu), new Member.Linear("", D, parts * D, start));

    /// <summary>A norm before a branch that the condition does not modulate.</summary>
    public Member Norm(string name) => new Member.Norm(name, dit.Block.Norm, D, IsAffine: true, 1e-6);

    private Member AdaptiveNorm(string name, double eps = 1e-6) =>
        new Member.Norm(name, dit.Block.Norm, D, IsAffine: dit.Block.Norm == NormKind.Rms, eps);

    // In the norm before the MLP, implementations differ.
    private Member AdaptiveMlpNorm => AdaptiveNorm("norm2", dit.Numerics == Numerics.Diffusers ? 1e-5 : 1e-6);

    private static string Capitalized(string words) => char.ToUpperInvariant(words[0]) + words.Substring(1);

    private string NormWord => dit.Block.Norm == NormKind.Rms ? "root mean square norm" : "LayerNorm";
}
