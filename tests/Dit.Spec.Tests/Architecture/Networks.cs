using static Dit.Spec.Describe;

namespace Dit.Spec.Tests;

/// <summary>Small networks of no backbone, for readings that must know operations only.</summary>
internal static class Networks
{
    public static readonly Dim N = Dim.Batch, T = Dim.Letter("T", 16), D = Dim.Letter("D", 16);
    public static readonly EquatableArray<Dim> Tokens = Shape.Of(N, T, D);
    public static readonly Initialization Xavier = new Initialization.XavierUniform();
    public static readonly Initialization Zero = new Initialization.Zero(), Small = new Initialization.Normal(0.02);

    public static Member.Linear Linear(string name, Dim from, Dim to) => new(name, from, to, Xavier);

    public static Member.Norm Norm(string name, bool isAffine = true, NormKind kind = NormKind.Layer) => new(name, kind, D, isAffine, 1e-6);

    public static Module Attention { get; } = Module(
        "Attention", "Self-attention", [new("x", Tokens, "Tokens")], [Linear("qkv", D, 3 * D), Linear("proj", D, D)],
        [Return(Call("proj", new Value.SelfAttention(Call("qkv", "x"), 4)))], "Tokens");

    /// <summary>A two-layer MLP.</summary>
    public static Module Mlp(Activation activation = Activation.GeluTanh) => Module(
        activation == Activation.GeluTanh ? "Mlp" : "OtherMlp", "Two linear layers", [new("x", Tokens, "Tokens")],
        [Linear("fc1", D, 4 * D), Linear("fc2", 4 * D, D)],
        [Return(Call("fc2", new Value.Activate(activation, Call("fc1", "x"))))], "Tokens");

    /// <summary>A pre-norm block.</summary>
    public static Module Block(Activation activation = Activation.GeluTanh, NormKind kind = NormKind.Layer) => Module(
        "Block", "A pre-norm block", [new("x", Tokens, "Tokens"), new("c", Shape.Of(N, D), "Condition")],
        [
            Norm("norm1", kind: kind), new Member.Child("attn", Attention), Norm("norm2", kind: kind),
            new Member.Child("mlp", Mlp(activation)),
        ],
        [Let("h", Add("x", Call("attn", Call("norm1", "x")))), Return(Add("h", Call("mlp", Call("norm2", "h"))))], "Tokens");

    public static Module Final { get; } = Module(
        "FinalLayer", "Tokens to patches", [new("x", Tokens, "Tokens")], [Norm("norm_final"), new Member.Linear("linear", D, 12, Zero)],
        [Return(Call("linear", Call("norm_final", "x")))], "Patches");

    /// <summary>A network of these blocks.</summary>
    public static Module Of(Module block) => Of([new Member.Repeated("blocks", 2, block)], [ForEach("blocks", ["tokens"], ["c"])]);

    /// <summary>A network of some lists of blocks between patches and final layer.</summary>
    public static Module Of(Member[] lists, Statement[] loops) => Module(
        "Tiny", "", [new("x", Shape.Of(N, 3, 8, 8), "Noised inputs"), new("t", Shape.Of(N), "Timesteps")],
        [
            new Member.Table("pos_embed", Shape.Of(1, T, D), new Initialization.SinCosTable(4, 4)),
            new Member.Child("x_embedder", StandardParts.PatchEmbedding(new InputSpec(3, 8, 8), 2, T, D)),
            new Member.Child("t_embedder", StandardParts.TimestepEmbedder(256, 128, D)),
            .. lists,
            new Member.Child("final_layer", Final),
        ],
        [
            Let("c", Call("t_embedder", "t")),
            Let("tokens", Add(Call("x_embedder", "x"), new Value.Parameter("pos_embed"))),
            .. loops,
            Let("patches", Call("final_layer", "tokens")),
            Return(new Value.Unpatchify("patches", 4, 4, 2, 3)),
        ],
        "");

    /// <summary>A U-shaped network with long skips, as U-ViT's.</summary>
    public static Module UShaped { get; } = Of(
        [new Member.Repeated("in_blocks", 2, Block()), new Member.Repeated("out_blocks", 2, SkipBlock)],
        [ForEach("in_blocks", ["tokens"], ["c"], Skip.Push), ForEach("out_blocks", ["tokens"], ["c"], Skip.Pop)]);

    private static Module SkipBlock => Module(
        "SkipBlock", "A block behind a long skip",
        [new("x", Tokens, "Tokens"), new("c", Shape.Of(N, D), "Condition"), new("skip", Tokens, "What an earlier block gave")],
        [Linear("skip_linear", 2 * D, D), Norm("norm", kind: NormKind.Rms), new Member.Child("mlp", Mlp(Activation.Gelu))],
        [Let("x", Call("skip_linear", JoinFeatures("x", "skip"))), Return(Add("x", Call("mlp", Call("norm", "x"))))], "Tokens");

    /// <summary>A description of a network.</summary>
    public static Description Description(Module network) => new(
        network, "network of the tests",
        EquatableArray.Of(new ShapeLetter("T", 16, "tokens"), new ShapeLetter("D", 16, "width"), new ShapeLetter("H", 4, "heads")),
        "nothing in particular", "under the names of the tests");
}
