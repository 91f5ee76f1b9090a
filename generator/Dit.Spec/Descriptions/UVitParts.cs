using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The parts of a U-ViT, named as in the official code.</summary>
internal sealed class UVitParts(ModelSpec spec, Backbone.UVit uVit)
{
    private const double Eps = 1e-5; // of PyTorch's LayerNorm

    private const int FinalKernel = 3, TimeRatio = 4;

    /// <summary>What linear layers and tables start from.</summary>
    public static Initialization Small { get; } = new Initialization.Normal(0.02);

    /// <summary>T.</summary>
    public Dim T { get; } = Dim.Letter("T", spec.Tokens);

    /// <summary>M.</summary>
    public Dim M { get; } = Dim.Letter("M", spec.ContextTokens);

    /// <summary>D.</summary>
    public Dim D { get; } = Dim.Letter("D", spec.Width);

    /// <summary>M + T.</summary>
    public Dim All => M + T;

    private EquatableArray<Dim> Tokens => Shape.Of(Dim.Batch, All, D);

    public Module PatchEmbedding => StandardParts.PatchEmbedding(spec.Input, spec.PatchSize, T, D);

    public Member TimeMlp => Chain(
        "time_embed",
        new Member.Linear("", D, TimeRatio * D, Small),
        new Member.Activate(Activation.Silu),
        new Member.Linear("", TimeRatio * D, D, Small));

    public Module Block => Module(
        "Block", "One ViT block; tokens of time, condition and image pass through it alike",
        [new("x", Tokens, "Tokens")],
        [.. Branches],
        [.. Residuals("x")],
        "Tokens", "Linear layers normal with standard deviation 0.02, norms one and zero");

    public Module OutBlock => Module(
        "OutBlock", "One ViT block behind the middle one: what a block before the middle one gave comes back by a long skip",
        [new("x", Tokens, "Tokens"), new("skip", Tokens, "Tokens that the block of the long skip gave")],
        [.. Branches, new Member.Linear("skip_linear", 2 * D, D, Small)],
        [Let("joined", Call("skip_linear", JoinFeatures("x", "skip"))), .. Residuals("joined")],
        "Tokens", "Linear layers normal with standard deviation 0.02, norms one and zero");

    public Member FinalConvolution =>
        new Member.Convolution("final_layer", spec.OutputChannels, spec.OutputChannels, FinalKernel, new Initialization.XavierUniform());

    public Member Norm(string name) => new Member.Norm(name, NormKind.Layer, D, IsAffine: true, Eps);

    private Member[] Branches =>
        [Norm("norm1"), new Member.Child("attn", Attention), Norm("norm2"), new Member.Child("mlp", Mlp)];

    private static Statement[] Residuals(string tokens) =>
    [
        Let("h", Add(tokens, Call("attn", Call("norm1", tokens)))),
        Return(Add("h", Call("mlp", Call("norm2", "h")))),
    ];

    private Module Attention => AttentionOf(spec, Tokens, uVit.QkvBias);

    private Module Mlp => MlpOf(spec, Tokens);

    /// <summary>Self-attention of a ViT block.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="tokens">The tokens, (N, T, D).</param>
    /// <param name="qkvBias">Whether the layer of queries, keys and values has a bias.</param>
    public static Module AttentionOf(ModelSpec spec, EquatableArray<Dim> tokens, bool qkvBias) => Module(
        "Attention", $"Multi-head self-attention, {spec.Heads} heads of width {spec.HeadWidth}",
        [new("x", tokens, "Tokens")],
        [
            new Member.Linear("qkv", tokens[2], 3 * tokens[2], Small) { HasBias = qkvBias },
            new Member.Linear("proj", tokens[2], tokens[2], Small),
        ],
        [
            Let("mixed", new Value.SelfAttention(Call("qkv", "x"), spec.Heads)),
            Return(Call("proj", "mixed")),
        ],
        "Tokens");

    /// <summary>The MLP of a ViT block.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="tokens">The tokens, (N, T, D).</param>
    public static Module MlpOf(ModelSpec spec, EquatableArray<Dim> tokens) => Module(
        "Mlp", "Two linear layers with GELU between them",
        [new("x", tokens, "Tokens")],
        [new Member.Linear("fc1", tokens[2], spec.HiddenWidth, Small), new Member.Linear("fc2", spec.HiddenWidth, tokens[2], Small)],
        [
            Let("h", new Value.Activate(Activation.Gelu, Call("fc1", "x"))),
            Return(Call("fc2", "h")),
        ],
        "Tokens");
}
