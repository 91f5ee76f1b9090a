using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The parts of a UniDiffuser, named as in the official checkpoints.</summary>
internal sealed class UniDiffuserParts(ModelSpec spec, Backbone.UniDiffuser network)
{
    private const double Eps = 1e-5; // of PyTorch's LayerNorm

    /// <summary>A time for the image and one for the text.</summary>
    public const int Times = 2;

    /// <summary>T.</summary>
    public Dim T { get; } = Dim.Letter("T", spec.Tokens);

    /// <summary>L.</summary>
    public Dim L { get; } = Dim.Letter("L", network.TextTokens);

    /// <summary>M.</summary>
    public Dim M { get; } = Dim.Letter("M", network.DataType ? Times + 1 : Times);

    /// <summary>D.</summary>
    public Dim D { get; } = Dim.Letter("D", spec.Width);

    /// <summary>Tokens of text, CLIP embedding and latents.</summary>
    public Dim Seen => L + 1 + T;

    /// <summary>Tokens whose places are in one table: all but that of the data type.</summary>
    public Dim Placed => network.DataType ? Times + Seen : All;

    /// <summary>All tokens.</summary>
    public Dim All => M + Seen;

    private EquatableArray<Dim> Tokens => Shape.Of(Dim.Batch, All, D);

    public Module PatchEmbedding => StandardParts.PatchEmbedding(spec.Input, spec.PatchSize, T, D);

    public Module Block => Module(
        "Block", "One ViT block whose norms follow the residual sums; all tokens pass through it alike",
        [new("x", Tokens, "Tokens")],
        [.. Branches],
        [.. Sums("x")],
        "Tokens", "Linear layers normal with standard deviation 0.02, norms one and zero");

    public Module OutBlock => Module(
        "OutBlock", "One post-norm block behind the middle one: what a block before the middle one gave comes back by a long skip",
        [new("x", Tokens, "Tokens"), new("skip", Tokens, "Tokens that the block of the long skip gave")],
        [Norm("norm1"), .. Branches, new Member.Linear("skip_linear", 2 * D, D, UVitParts.Small)],
        [Let("joined", Call("norm1", Call("skip_linear", JoinFeatures("x", "skip")))), .. Sums("joined")],
        "Tokens", "Linear layers normal with standard deviation 0.02, norms one and zero");

    public Member Norm(string name) => new Member.Norm(name, NormKind.Layer, D, IsAffine: true, Eps);

    private Member[] Branches =>
    [
        new Member.Child("attn", UVitParts.AttentionOf(spec, Tokens, qkvBias: false)), Norm("norm2"),
        new Member.Child("mlp", UVitParts.MlpOf(spec, Tokens)), Norm("norm3"),
    ];

    private static Statement[] Sums(string tokens) =>
    [
        Let("h", Call("norm2", Add(tokens, Call("attn", tokens)))),
        Return(Call("norm3", Add("h", Call("mlp", "h")))),
    ];
}
