using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dit.Spec;

/// <summary>
/// One validated diffusion transformer. Every value is legal, so nothing after the binder checks it again.
/// </summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Name">As declared: <c>DiT-XL/2</c>.</param>
/// <param name="Backbone">The network.</param>
/// <param name="Input">What the model denoises.</param>
/// <param name="Condition">What it is conditioned on besides the timestep.</param>
/// <param name="Process">The process it is trained for.</param>
/// <param name="Autoencoder">The autoencoder whose latents it denoises.</param>
/// <param name="Samplers">The samplers declared for it.</param>
public sealed record ModelSpec(
    string Name,
    Backbone Backbone,
    InputSpec Input,
    Condition Condition,
    ProcessSpec Process,
    Autoencoder Autoencoder,
    EquatableArray<SamplerSpec> Samplers)
{
    /// <summary>The C# class: the name without anything that is not a letter or digit.</summary>
    public string ClassName => Identifier.OfModel(Name);

    /// <inheritdoc cref="Backbone.Depth"/>
    public int Depth => Backbone.Depth;

    /// <inheritdoc cref="Backbone.Width"/>
    public int Width => Backbone.Width;

    /// <inheritdoc cref="Backbone.Heads"/>
    public int Heads => Backbone.Heads;

    /// <inheritdoc cref="Backbone.PatchSize"/>
    public int PatchSize => Backbone.PatchSize;

    /// <inheritdoc cref="Backbone.HiddenWidth"/>
    public int HiddenWidth => Backbone.HiddenWidth;

    /// <summary>Width of one head, K.</summary>
    public int HeadWidth => Width / Heads;

    /// <summary>Rows of patches, Y.</summary>
    public int GridHeight => Input.Height / PatchSize;

    /// <summary>Columns of patches, X.</summary>
    public int GridWidth => Input.Width / PatchSize;

    /// <summary>Sequence length, T.</summary>
    public int Tokens => GridHeight * GridWidth;

    /// <summary>
    /// Length of the condition's sequence, M, where blocks see one: the timestep, then what the condition adds.
    /// </summary>
    public int ContextTokens => (SeesTextAlone ? 0 : 1) + Condition.Match(static _ => 0, static _ => 1, static text => text.Tokens);

    // Where the timestep modulates norms, the blocks attend to the text without it.
    private bool SeesTextAlone => Backbone.Match(
        static dit => dit.Variant is ConditioningVariant.AdaLNZeroCrossAttention, static _ => false, static _ => false);

    /// <summary>
    /// Channels of the output: twice the input's when the variance is learned, or its place is ignored.
    /// </summary>
    public int OutputChannels => Process.OutputsPerChannel * Input.Channels;

    /// <summary>Whose arithmetic the model follows where implementations differ.</summary>
    public Numerics Numerics => Backbone.Match(static dit => dit.Numerics, static _ => Numerics.Official, static _ => Numerics.Official);

    /// <summary>
    /// Twelve hexadecimal digits that identify the model, independent of the file's order and layout. Samplers are not
    /// included.
    /// </summary>
    public string Hash
    {
        get
        {
            using var sha = SHA256.Create();
            var digest = sha.ComputeHash(Encoding.UTF8.GetBytes(Backbone.Canonical(this).Replace("\r\n", "\n")));
            return string.Concat(digest.Take(6).Select(static b => b.ToString("x2", CultureInfo.InvariantCulture)));
        }
    }
}
