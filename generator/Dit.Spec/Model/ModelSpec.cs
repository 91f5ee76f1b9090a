using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dit.Spec;

/// <summary>One validated Diffusion Transformer. Every value is legal, so nothing after the binder checks it again.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Name">As declared: <c>DiT-XL/2</c>.</param>
/// <param name="Depth">Number of blocks.</param>
/// <param name="Width">Token width, D.</param>
/// <param name="Heads">Attention heads, H.</param>
/// <param name="PatchSize">Patch size, P.</param>
/// <param name="HiddenWidth">Width of the MLP's hidden layer.</param>
/// <param name="Numerics">Whose arithmetic it follows where implementations differ.</param>
/// <param name="Input">What the model denoises.</param>
/// <param name="Conditioning">What it is conditioned on, and how that enters the blocks.</param>
/// <param name="Diffusion">The process it is trained for.</param>
/// <param name="Autoencoder">Whose latents it denoises.</param>
/// <param name="Samplers">The samplers declared for it.</param>
public sealed record ModelSpec(
    string Name,
    int Depth,
    int Width,
    int Heads,
    int PatchSize,
    int HiddenWidth,
    Numerics Numerics,
    InputSpec Input,
    ConditioningSpec Conditioning,
    DiffusionSpec Diffusion,
    Autoencoder Autoencoder,
    EquatableArray<SamplerSpec> Samplers)
{
    /// <summary>The C# class: the name without anything that is not a letter or digit.</summary>
    public string ClassName => Identifier.OfModel(Name);

    /// <summary>Width of one head, K.</summary>
    public int HeadWidth => Width / Heads;

    /// <summary>Rows of patches, Y.</summary>
    public int GridHeight => Input.Height / PatchSize;

    /// <summary>Columns of patches, X.</summary>
    public int GridWidth => Input.Width / PatchSize;

    /// <summary>Sequence length, T.</summary>
    public int Tokens => GridHeight * GridWidth;

    /// <summary>Length of the condition's sequence, M, for the variants that see one: the timestep, then what the condition adds.</summary>
    public int ContextTokens => 1 + Conditioning.Condition.Match(static _ => 0, static _ => 1, static text => text.Tokens);

    /// <summary>Tokens that pass through the blocks: T, and M more when the condition travels in the sequence.</summary>
    public int BlockTokens => Conditioning.Variant is ConditioningVariant.InContext ? Tokens + ContextTokens : Tokens;

    /// <summary>Channels of the output: twice the input's when the variance is learned.</summary>
    public int OutputChannels => Diffusion.Variance == Variance.LearnedRange ? 2 * Input.Channels : Input.Channels;

    /// <summary>Twelve hexadecimal digits that identify the model, whatever file, order or layout it was written in. Samplers do not count.</summary>
    public string Hash
    {
        get
        {
            using var sha = SHA256.Create();
            return string.Concat(sha.ComputeHash(Encoding.UTF8.GetBytes(Canonical())).Take(6).Select(static b => b.ToString("x2", CultureInfo.InvariantCulture)));
        }
    }

    private string Canonical() => FormattableString.Invariant($"""
        dit {Name} {Depth} {Width} {Heads} {PatchSize} {HiddenWidth}
        {Input.Channels} {Input.Height} {Input.Width} {Autoencoder.Canonical}
        {Conditioning.Variant.GetType().Name} {Conditioning.Condition.Match(
            static _ => "none",
            static c => FormattableString.Invariant($"classes {c.Count} {c.Dropout:R}"),
            static text => FormattableString.Invariant($"text {text.Tokens} {text.Width} {text.Dropout:R}"))}
        {Diffusion.Prediction} {Diffusion.Variance} {Diffusion.Schedule} {Diffusion.Timesteps}{(Numerics == Numerics.Official ? "" : $"\n{Numerics}")}
        """).Replace("\r\n", "\n");
}

/// <summary>Whose arithmetic a model follows where implementations of one architecture differ.</summary>
public enum Numerics
{
    /// <summary>The official code's (facebookresearch/DiT).</summary>
    Official,

    /// <summary>That of <c>DiTTransformer2DModel</c> of diffusers: its time features take 127 equal steps, where the official code's take 128, and the norm before the MLP has eps 1e-5, not 1e-6.</summary>
    Diffusers,
}

/// <summary>The shape of one input.</summary>
/// <param name="Channels">C.</param>
/// <param name="Height">Height in (latent) pixels.</param>
/// <param name="Width">Width in (latent) pixels.</param>
public sealed record InputSpec(int Channels, int Height, int Width);

/// <summary>A Gaussian diffusion process (Improved DDPM, arXiv 2102.09672).</summary>
/// <param name="Prediction">What the model predicts.</param>
/// <param name="Variance">Where the variance of the reverse step comes from.</param>
/// <param name="Schedule">The noise schedule.</param>
/// <param name="Timesteps">Number of steps.</param>
public sealed record DiffusionSpec(Prediction Prediction, Variance Variance, Schedule Schedule, int Timesteps);

/// <summary>What the model predicts.</summary>
public enum Prediction
{
    /// <summary>The noise.</summary>
    Epsilon,

    /// <summary>The clean input.</summary>
    StartX,
}

/// <summary>The variance of the reverse step.</summary>
public enum Variance
{
    /// <summary>Learned, between the two fixed ones (Improved DDPM, section 3.1).</summary>
    LearnedRange,

    /// <summary>The posterior's.</summary>
    FixedSmall,

    /// <summary>The forward step's.</summary>
    FixedLarge,
}

/// <summary>Noise schedules.</summary>
public enum Schedule
{
    /// <summary>Betas from 1e-4 to 0.02 (DDPM).</summary>
    Linear,

    /// <summary>Improved DDPM, section 3.2.</summary>
    SquaredCosine,
}

/// <summary>One declared sampler.</summary>
/// <param name="Name">As declared: <c>ddpm-250</c>.</param>
/// <param name="Method">How it steps.</param>
/// <param name="Steps">How many steps it takes.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step.</param>
public sealed record SamplerSpec(string Name, SamplerMethod Method, int Steps, bool ClipDenoised)
{
    /// <summary>The C# property: <c>Ddpm250</c>.</summary>
    public string PropertyName => Identifier.OfSampler(Name);
}

/// <summary>Sampling methods.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record SamplerMethod
{
    private SamplerMethod() { }

    /// <summary>The way in: one function for each case.</summary>
    public abstract R Match<R>(Func<Ddpm, R> ddpm, Func<Ddim, R> ddim);

    /// <summary>Ancestral sampling (arXiv 2006.11239, algorithm 2).</summary>
    public sealed record Ddpm : SamplerMethod
    {
        /// <inheritdoc/>
        public override R Match<R>(Func<Ddpm, R> ddpm, Func<Ddim, R> ddim) => ddpm(this);
    }

    /// <summary>DDIM (arXiv 2010.02502).</summary>
    /// <param name="Eta">0 is deterministic, 1 is as noisy as DDPM.</param>
    public sealed record Ddim(double Eta) : SamplerMethod
    {
        /// <inheritdoc/>
        public override R Match<R>(Func<Ddpm, R> ddpm, Func<Ddim, R> ddim) => ddim(this);
    }
}
