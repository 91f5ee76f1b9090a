using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The parts that every variant of a DiT is made of, named as in the official code.</summary>
internal sealed class DitParts(ModelSpec spec, Backbone.Dit dit)
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

    /// <summary>(N, T, D).</summary>
    public EquatableArray<Dim> Tokens => Shape.Of(Dim.Batch, T, D);

    public Module PatchEmbedding => StandardParts.PatchEmbedding(spec.Input, spec.PatchSize, T, D);

    public Module TimestepEmbedder => StandardParts.TimestepEmbedder(TimestepFeatures, dit.Numerics == Numerics.Diffusers ? 127 : 128, D);

    public Module LabelEmbedder(int rows) => StandardParts.LabelEmbedder(rows, D);

    public Module TextEmbedder(int tokens, int width, bool hasNull) => StandardParts.TextEmbedder(tokens, width, hasNull, D);

    public Module Attention => Module(
        "Attention", $"Multi-head self-attention, {spec.Heads} heads of width {spec.HeadWidth}",
        [new("x", Tokens, "Tokens")],
        [new Member.Linear("qkv", D, 3 * D, Xavier), new Member.Linear("proj", D, D, Xavier)],
        [
            Let("mixed", new Value.SelfAttention(Call("qkv", "x"), spec.Heads)),
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

    public Module Mlp => Module(
        "Mlp", "Two linear layers with the tanh form of GELU between them",
        [new("x", Tokens, "Tokens")],
        [new Member.Linear("fc1", D, spec.HiddenWidth, Xavier), new Member.Linear("fc2", spec.HiddenWidth, D, Xavier)],
        [
            Let("h", new Value.Activate(Activation.GeluTanh, Call("fc1", "x"))),
            Return(Call("fc2", "h")),
        ],
        "Tokens");

    public Module FinalLayer => Module(
        "FinalLayer", "LayerNorm, then a linear layer from tokens to patches",
        [new("x", Tokens, "Tokens")],
        [Norm("norm_final", isAffine: true), Output],
        [Return(Call("linear", Call("norm_final", "x")))],
        "Patches", "The linear layer zero: a new model predicts zero");

    public Module AdaptiveFinalLayer => Module(
        "FinalLayer", "Adaptive LayerNorm, then a linear layer from tokens to patches",
        [new("x", Tokens, "Tokens"), new("c", Shape.Of(Dim.Batch, D), "Condition")],
        [Norm("norm_final", isAffine: false), Output, Modulation(2, Zero)],
        [
            Split("m", Regressed, ["shift", "scale"]),
            Return(Call("linear", new Value.Modulate("norm_final", "x", "shift", "scale"))),
        ],
        "Patches", "All zero: a new model predicts zero");

    private Member Output => new Member.Linear("linear", D, spec.PatchSize * spec.PatchSize * spec.OutputChannels, Zero);

    /// <summary>The layer that regresses shifts, scales and gates from the condition.</summary>
    public Member Modulation(int parts, Initialization start) =>
        Chain("adaLN_modulation", new Member.Activate(Activation.Silu), new Member.Linear("", D, parts * D, start));

    /// <summary>What that layer gives, for every token alike.</summary>
    public static Value Regressed { get; } = AsToken(Call("adaLN_modulation", "c"));

    /// <summary>A norm before a branch.</summary>
    public Member Norm(string name, bool isAffine) => new Member.Norm(name, NormKind.Layer, D, isAffine, 1e-6);

    /// <summary>The adaptive norm before the MLP, in which implementations differ.</summary>
    public Member AdaptiveMlpNorm =>
        new Member.Norm("norm2", NormKind.Layer, D, IsAffine: false, dit.Numerics == Numerics.Diffusers ? 1e-5 : 1e-6);
}
