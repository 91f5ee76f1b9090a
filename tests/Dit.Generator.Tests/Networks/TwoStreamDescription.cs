using Dit.Spec;
using static Dit.Spec.Describe;

namespace Dit.Generator.Tests;

/// <summary>A backbone that no one has, to see that a network is its description and nothing else.</summary>
/// <remarks>
/// Two streams of tokens, the image's and the condition's, that mix in one attention; norms behind the branches, and
/// RMS norms; learned positions; and long skips from the first half of the blocks to the second, where they join the
/// image's features.
/// </remarks>
internal static class TwoStreamDescription
{
    private static readonly Initialization Xavier = new Initialization.XavierUniform(), Small = new Initialization.Normal(0.02);

    private static readonly Dim T = Dim.Letter("T", 16), M = Dim.Letter("M", 2), D = Dim.Letter("D", 32);

    private static readonly EquatableArray<Dim> Image = Shape.Of(Dim.Batch, T, D), Memory = Shape.Of(Dim.Batch, M, D);

    private const int Heads = 4, Patch = 2, Half = 2;

    /// <summary>The spec that the parts of the file which are no network come from: names, process, samplers.</summary>
    public const string Spec = """
        model: TwoStream
        depth: 4
        width: 32
        heads: 4
        patch_size: 2
        input: { channels: 4, size: 8 }
        conditioning: { classes: 10 }
        autoencoder: kl-f8
        samplers:
          ddim-10: { method: ddim, steps: 10 }
          ddpm-20: { method: ddpm, steps: 20 }
        """;

    public static Description Of(ModelSpec spec) => new(
        Network(spec),
        $"Transformer of {2 * Half} post-norm blocks on two streams, with long skips",
        EquatableArray.Of(
            new ShapeLetter("T", T.Size, "tokens"), new ShapeLetter("M", M.Size, "tokens of the condition"),
            new ShapeLetter("D", D.Size, "width")),
        "the output is zero",
        "in the order of the description");

    private static Module Network(ModelSpec spec) => Module(
        spec.ClassName, "",
        [
            new("x", Shape.Of(Dim.Batch, spec.Input.Channels, spec.Input.Height, spec.Input.Width), "Noised inputs"),
            new("t", Shape.Of(Dim.Batch), "Timesteps"),
            new("labels", Shape.Of(Dim.Batch), "Classes", ValueKind.Index),
        ],
        [
            new Member.Child("x_embedder", StandardParts.PatchEmbedding(spec.Input, Patch, T, D)),
            new Member.Table("positions", Shape.Of(1, T, D), Small),
            new Member.Child("t_embedder", StandardParts.TimestepEmbedder(256, 128, D)),
            new Member.Child("y_embedder", StandardParts.LabelEmbedder(11, D)),
            new Member.Repeated("first_blocks", Half, Block("FirstBlock", takesSkip: false)),
            new Member.Repeated("last_blocks", Half, Block("LastBlock", takesSkip: true)),
            new Member.Child("head", Head(Patch * Patch * spec.OutputChannels)),
        ],
        [
            Let("image", Add(Call("x_embedder", "x"), new Value.Parameter("positions"))),
            Let("memory", JoinTokens(AsToken(Call("t_embedder", "t")), AsToken(Call("y_embedder", "labels"))), Dim.Batch, M, D),
            ForEach("first_blocks", ["image", "memory"], [], Skip.Push),
            ForEach("last_blocks", ["image", "memory"], [], Skip.Pop),
            Let("patches", Call("head", "image")),
            Return(new Value.Unpatchify("patches", 4, 4, Patch, spec.OutputChannels)),
        ],
        "");

    private static Module Block(string type, bool takesSkip) => Module(
        type, takesSkip ? "A block of the second half: features of the first half join the image's" : "A block of the first half",
        [
            new("image", Image, "Tokens of the image"), new("memory", Memory, "Tokens of the condition"),
            .. takesSkip ? [new("skip", Image, "Tokens of the first half")] : Array.Empty<Argument>(),
        ],
        [
            .. takesSkip ? [new Member.Linear("skip_linear", 2 * D, D, Xavier)] : Array.Empty<Member>(),
            new Member.Child("attn", Attention),
            new Member.Norm("norm1", NormKind.Rms, D, IsAffine: true, 1e-6),
            new Member.Norm("norm2", NormKind.Rms, D, IsAffine: true, 1e-6),
            new Member.Child("mlp", Mlp),
            new Member.Norm("norm3", NormKind.Rms, D, IsAffine: true, 1e-6),
        ],
        [
            .. takesSkip ? [Let("joined", Call("skip_linear", JoinFeatures("image", "skip")))] : Array.Empty<Statement>(),
            Let("mixed", Call("attn", JoinTokens(takesSkip ? "joined" : "image", "memory"))),
            Let("h", Call("norm1", Add(takesSkip ? "joined" : "image", new Value.Tokens("mixed", 0, T)))),
            Let("g", Call("norm2", Add("memory", new Value.Tokens("mixed", T, M)))),
            Return(Call("norm3", Add("h", Call("mlp", "h"))), "g"),
        ],
        "Tokens of image and condition", "Linear layers Xavier uniform, norms one");

    private static Module Attention => Module(
        "Attention", $"Multi-head self-attention, {Heads} heads",
        [new("x", Image, "Tokens")],
        [new Member.Linear("qkv", D, 3 * D, Xavier), new Member.Linear("proj", D, D, Xavier)],
        [Return(Call("proj", new Value.SelfAttention(Call("qkv", "x"), Heads)))],
        "Tokens");

    private static Module Mlp => Module(
        "Mlp", "Two linear layers with GELU between them",
        [new("x", Image, "Tokens")],
        [new Member.Linear("fc1", D, 64, Xavier), new Member.Linear("fc2", 64, D, Xavier)],
        [Return(Call("fc2", new Value.Activate(Activation.Gelu, Call("fc1", "x"))))],
        "Tokens");

    private static Module Head(int width) => Module(
        "Head", "RMS norm, then a linear layer from tokens to patches",
        [new("x", Image, "Tokens")],
        [new Member.Norm("norm", NormKind.Rms, D, IsAffine: false, 1e-6), new Member.Linear("linear", D, width, new Initialization.Zero())],
        [Return(Call("linear", Call("norm", "x")))],
        "Patches", "Zero: a new model predicts zero");
}
