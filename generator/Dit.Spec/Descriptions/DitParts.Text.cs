using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// What blocks that attend to a text have besides, named as in PixArt-alpha's code (arXiv 2310.00426).
/// </summary>
internal sealed partial class DitParts
{
    private const string Mask = "mask";

    private bool AttendsToText => dit.Variant is ConditioningVariant.AdaLNZeroCrossAttention;

    private bool IsMasked => spec.Condition is Condition.Text { IsMasked: true };

    /// <summary>What says which tokens of the text are attended, as an argument; none for all.</summary>
    public Argument[] Masks =>
        IsMasked ? [new(Mask, Shape.Of(Dim.Batch, M), "Whether a token of the text is attended", ValueKind.Flag)] : [];

    /// <summary>The same where it is passed on.</summary>
    public Value[] MaskArguments => IsMasked ? [Mask] : [];

    /// <summary>Attention to the text.</summary>
    public Module TextAttention => Module(
        "CrossAttention", $"Multi-head attention of the image's tokens to the text's, {spec.Heads} heads of width {spec.HeadWidth}",
        [new("x", Tokens, "Tokens"), Context, .. Masks],
        [
            new Member.Linear("q_linear", D, D, Xavier),
            new Member.Linear("kv_linear", D, 2 * D, Xavier),
            new Member.Linear("proj", D, D, Zero),
        ],
        [
            Let("mixed", new Value.CrossAttention(
                Call("q_linear", "x"), Call("kv_linear", "context"), spec.Heads, MaskArguments.FirstOrDefault())),
            Return(Call("proj", "mixed")),
        ],
        "Tokens");

    /// <summary>The embedder of a text that blocks attend to.</summary>
    public Module CaptionEmbedder(Condition.Text text) => StandardParts.CaptionEmbedder(text.Tokens, text.Width, text.HasNull, D);

    /// <summary>The embedder of a side of the image, or of its aspect ratio: a third of the width.</summary>
    public Module SizeEmbedder => StandardParts.SizeEmbedder(TimestepFeatures, spec.Width / 3);

    /// <summary>The position table; PixArt-alpha's is a buffer.</summary>
    public Member PositionTable => new Member.Table(
        "pos_embed", Shape.Of(1, T, D), new Initialization.SinCosTable(spec.GridHeight, spec.GridWidth) { Positions = dit.Positions })
    { IsBuffer = AttendsToText };
}
