using System.Globalization;

namespace Dit.Runtime;

/// <summary>What a generated model is, as constants: read it without creating the model.</summary>
/// <param name="Name">The name in the spec file, for instance <c>DiT-XL/2</c>.</param>
/// <param name="Backbone">The architecture: <c>dit</c>.</param>
/// <param name="Conditioning">How the condition enters the blocks: <c>adaln-zero</c> (paper, section 3.2).</param>
/// <param name="Input">The shape of one input, (C, Y, X).</param>
/// <param name="OutputChannels">Channels of the output: C, or 2 C when the variance is learned.</param>
/// <param name="Condition">What the model is conditioned on besides the timestep.</param>
/// <param name="Depth">Number of blocks.</param>
/// <param name="Width">Token width, D.</param>
/// <param name="Heads">Attention heads, H.</param>
/// <param name="PatchSize">Patch size, P.</param>
/// <param name="Tokens">Sequence length, T.</param>
/// <param name="Parameters">All parameters, the fixed position table included, as the official code counts.</param>
/// <param name="TrainableParameters">Parameters without the fixed position table.</param>
/// <param name="Macs">Multiply-accumulates of one forward pass of one sample; the paper calls these Gflops.</param>
/// <param name="Autoencoder">
/// The autoencoder whose latents the model works on; null for a model of pixels in [-1, 1].
/// </param>
/// <param name="SpecHash">Identifies the validated spec that the model was generated from.</param>
/// <param name="Numerics">Whose arithmetic it follows where implementations differ.</param>
public sealed partial record ModelCard(
    string Name,
    string Backbone,
    string Conditioning,
    ImageShape Input,
    int OutputChannels,
    ModelCondition Condition,
    int Depth,
    int Width,
    int Heads,
    int PatchSize,
    int Tokens,
    long Parameters,
    long TrainableParameters,
    long Macs,
    AutoencoderCard? Autoencoder,
    string SpecHash,
    Numerics Numerics = Numerics.Official)
{
    /// <summary>The metadata of a file that says which model it is of.</summary>
    public const string NameKey = "dit.model";

    /// <summary>
    /// The metadata of a file that holds the spec of its model, the text of <see cref="Spec"/>: a model can be made of
    /// such a file alone.
    /// </summary>
    public const string SpecKey = "dit.spec.yaml";

    internal const string SpecHashKey = "dit.spec";

    /// <summary>
    /// The key, in a checkpoint's metadata, of the names of its classes: a JSON list in the order of the labels.
    /// </summary>
    public const string ClassesKey = "dit.classes";

    /// <summary>
    /// The spec that the model was generated from, as a YAML file of this one model, samplers included: what
    /// <see cref="SpecKey"/> holds in checkpoints. It is canonical, so that equal specs have equal texts. Null for a
    /// card that was made by hand.
    /// </summary>
    public string? Spec { get; init; }

    /// <summary>
    /// How the blocks are built, as a spec writes it, <c>{ norm: rms, mlp: swiglu, ... }</c>; null for the paper's
    /// block.
    /// </summary>
    public string? Block { get; init; }

    /// <summary>What positions are divided by; 1 where patches are counted.</summary>
    public double PositionScale { get; init; } = 1;

    /// <summary>
    /// Patches along an axis of the grid whose positions are counted (see <see cref="Positions.SinCos2D"/>);
    /// null for the model's own grid.
    /// </summary>
    public int? PositionBase { get; init; }

    /// <summary>
    /// What training keeps of one sample for the backward pass; null for a card that was made by hand.
    /// </summary>
    public KeptActivations? Activations { get; init; }

    /// <summary>
    /// Floating-point operations of one forward pass of one sample: two for each multiply-accumulate.
    /// </summary>
    public long Flops => 2 * Macs;

    /// <summary>
    /// Number of classes, the null class not counted; 0 for a model that is not conditioned on classes.
    /// </summary>
    public int Classes => Condition.Match(static _ => 0, static classes => classes.Count, static _ => 0);

    /// <summary>Whether the model was trained with dropout of its condition, and so can be guided.</summary>
    public bool CanBeGuided => Condition.HasNull;

    /// <summary>
    /// The label that stands for no class, in a class-conditional model that has one: one past the last class.
    /// </summary>
    public int NullClass => Classes;

    /// <summary>Whether the model works on pixels in [-1, 1] rather than on latents.</summary>
    public bool IsPixelSpace => Autoencoder is null;

    /// <summary>
    /// The card as strings, to be kept beside the model's weights: <c>dit.model</c>, <c>dit.spec</c> (the hash), the
    /// other fields, and <c>dit.spec.yaml</c>, the text of the spec, where the card has it.
    /// </summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
        var metadata = new OrderedDictionary<string, string>(StringComparer.Ordinal)
        {
            [NameKey] = Name,
            [SpecHashKey] = SpecHash,
            ["dit.backbone"] = Backbone,
            ["dit.conditioning"] = Conditioning,
            ["dit.condition"] = Condition.ToString() ?? "",
            ["dit.input"] = Input.ToString(),
            ["dit.output_channels"] = Text(OutputChannels),
            ["dit.depth"] = Text(Depth),
            ["dit.width"] = Text(Width),
            ["dit.heads"] = Text(Heads),
            ["dit.patch_size"] = Text(PatchSize),
            ["dit.tokens"] = Text(Tokens),
            ["dit.parameters"] = Text(Parameters),
            ["dit.autoencoder"] = Autoencoder?.Name ?? "none",
            ["dit.numerics"] = Numerics == Numerics.Diffusers ? "diffusers" : "official",
        };
        if (Spec is not null) metadata[SpecKey] = Spec;
        return metadata;
    }
}
