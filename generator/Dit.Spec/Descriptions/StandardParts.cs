using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// Modules that many networks share, so that a library may have them ready: embedders of patches, timesteps and
/// conditions.
/// </summary>
public static class StandardParts
{
    /// <summary>The class of rotary positions.</summary>
    public const string RotaryType = "RotaryPositions";

    private static readonly Initialization Small = new Initialization.Normal(0.02);

    /// <summary>Non-overlapping patches to tokens (DiT paper, section 3.2, "Patchify").</summary>
    /// <param name="input">The image.</param>
    /// <param name="patch">P.</param>
    /// <param name="tokens">T.</param>
    /// <param name="width">D.</param>
    public static Module PatchEmbedding(InputSpec input, int patch, Dim tokens, Dim width) => Module(
        "PatchEmbedding", "Non-overlapping patches to tokens",
        [new("x", Shape.Of(Dim.Batch, input.Channels, input.Height, input.Width), "Noised inputs")],
        [new Member.Patches("proj", input.Channels, patch, tokens, width, new Initialization.XavierUniform())],
        [Return(Call("proj", "x"))],
        "Tokens");

    /// <summary>Timesteps to vectors: sinusoidal features, then two linear layers with SiLU between them.</summary>
    /// <param name="features">Sinusoidal features.</param>
    /// <param name="intervals">See <see cref="Value.Sinusoid"/>.</param>
    /// <param name="width">D.</param>
    public static Module TimestepEmbedder(int features, int intervals, Dim width) => Module(
        "TimestepEmbedder", "Timesteps to vectors: sinusoidal features, then two linear layers with SiLU between them",
        [new("t", Shape.Of(Dim.Batch), "Timesteps")],
        [Mlp(features, width)],
        [Return(Call("mlp", new Value.Sinusoid("t", features, intervals)))],
        "Vectors");

    /// <summary>
    /// Class labels to vectors: a table with a row for each class, and a last one for the null class where there is
    /// one.
    /// </summary>
    /// <param name="rows">Rows of the table.</param>
    /// <param name="width">D.</param>
    public static Module LabelEmbedder(int rows, Dim width) => Module(
        "LabelEmbedder", "Class labels to vectors",
        [new("labels", Shape.Of(Dim.Batch), "Classes", ValueKind.Index)],
        [new Member.Embedding("embedding_table", rows, width, Small)],
        [Return(Call("embedding_table", "labels"))],
        "Vectors");

    /// <summary>
    /// Text embeddings to tokens: two linear layers with SiLU between them, and a learned null text where there is one.
    /// </summary>
    /// <param name="tokens">L.</param>
    /// <param name="textWidth">W.</param>
    /// <param name="hasNull">Whether there is a null text.</param>
    /// <param name="width">D.</param>
    public static Module TextEmbedder(int tokens, int textWidth, bool hasNull, Dim width) => Module(
        "TextEmbedder", "Text embeddings to tokens of the model's width",
        [new("text", Shape.Of(Dim.Batch, tokens, textWidth), "Embedded texts", ValueKind.Droppable)],
        [.. hasNull ? [new Member.Table("null_text", Shape.Of(tokens, textWidth), Small)] : Array.Empty<Member>(), Mlp(textWidth, width)],
        [Return(Call("mlp", new Value.FillDropped("text", hasNull ? "null_text" : null)))],
        "Tokens");

    /// <summary>
    /// Captions to tokens: two linear layers with the tanh form of GELU between them, and a fixed null caption where
    /// there is one, a buffer of the state dict (PixArt-alpha, arXiv 2310.00426).
    /// </summary>
    /// <param name="tokens">L.</param>
    /// <param name="textWidth">W.</param>
    /// <param name="hasNull">Whether there is a null caption.</param>
    /// <param name="width">D.</param>
    public static Module CaptionEmbedder(int tokens, int textWidth, bool hasNull, Dim width) => Module(
        "CaptionEmbedder", "Embedded captions to tokens of the model's width",
        [new("text", Shape.Of(Dim.Batch, tokens, textWidth), "Embedded texts", ValueKind.Droppable)],
        [
            .. hasNull ? [NullCaption(tokens, textWidth)] : Array.Empty<Member>(),
            new Member.Child("y_proj", Module(
                "CaptionProjection", "Two linear layers with the tanh form of GELU between them",
                [new("text", Shape.Of(Dim.Batch, tokens, textWidth), "Embedded texts")],
                [new Member.Linear("fc1", textWidth, width, Small), new Member.Linear("fc2", width, width, Small)],
                [Return(Call("fc2", new Value.Activate(Activation.GeluTanh, Call("fc1", "text"))))],
                "Tokens")),
        ],
        [Return(Call("y_proj", new Value.FillDropped("text", hasNull ? "y_embedding" : null)))],
        "Tokens");

    // The published code draws it at this scale; the released weights hold an embedded empty text.
    private static Member NullCaption(int tokens, int textWidth) =>
        new Member.Table("y_embedding", Shape.Of(tokens, textWidth), new Initialization.Normal(1 / Math.Sqrt(textWidth)))
        {
            IsBuffer = true,
        };

    /// <summary>
    /// Sides of images in pixels, or aspect ratios, to vectors, as timesteps are embedded (PixArt-alpha's
    /// micro-conditions).
    /// </summary>
    /// <param name="features">Sinusoidal features.</param>
    /// <param name="width">Features out.</param>
    public static Module SizeEmbedder(int features, Dim width) => Module(
        "SizeEmbedder", "Sizes to vectors: sinusoidal features, then two linear layers with SiLU between them",
        [new("size", Shape.Of(Dim.Batch), "Sizes")],
        [Mlp(features, width)],
        [Return(Call("mlp", new Value.Sinusoid("size", features, features / 2)))],
        "Vectors");

    /// <summary>
    /// Rotary positions of a grid of patches, for the self-attention of every block: fixed cosines and sines, which are
    /// buffers of the state dict (LightningDiT, arXiv 2501.01423).
    /// </summary>
    /// <param name="rows">Y.</param>
    /// <param name="columns">X.</param>
    /// <param name="tokens">T = Y X.</param>
    /// <param name="headWidth">K, a multiple of four.</param>
    public static Module RotaryPositions(int rows, int columns, Dim tokens, Dim headWidth) => Module(
        RotaryType, "Rotary positions of a grid: half of a head is turned by a patch's row, half by its column",
        [],
        [
            new Member.Table("freqs_cos", Shape.Of(tokens, headWidth), new Initialization.RotaryTable(rows, columns, IsSine: false)),
            new Member.Table("freqs_sin", Shape.Of(tokens, headWidth), new Initialization.RotaryTable(rows, columns, IsSine: true)),
        ],
        [Return(JoinFeatures(new Value.Parameter("freqs_cos"), new Value.Parameter("freqs_sin")))],
        "Cosines, then sines", "Cosines and sines of the angles");

    private static Member Mlp(Dim input, Dim width) => Chain(
        "mlp",
        new Member.Linear("", input, width, Small),
        new Member.Activate(Activation.Silu),
        new Member.Linear("", width, width, Small));
}
