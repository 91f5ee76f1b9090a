using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>One step of inference, between four places: the tokens x, what a branch reads (a), what attention gives (o) and what a branch gives (y).</summary>
/// <remarks>A closed sum. Steps name the model's layers; an engine packs their weights or calls them.</remarks>
internal abstract record SessionStep
{
    private SessionStep() { }

    /// <summary>a = LayerNorm(x) (1 + scale) + shift, regressed from the condition.</summary>
    /// <param name="Shift">Which part of the modulation, in widths.</param>
    /// <param name="Scale">Which part of the modulation, in widths.</param>
    /// <param name="Eps">Added to the variance.</param>
    public sealed record AdaptiveNorm(int Shift, int Scale, double Eps) : SessionStep;

    /// <summary>a = LayerNorm(x) weight + bias.</summary>
    public sealed record LearnedNorm(AffineLayerNorm Norm) : SessionStep;

    /// <summary>a = x.</summary>
    public sealed record NoNorm : SessionStep;

    /// <summary>o = self-attention of a.</summary>
    public sealed record SelfAttention(Linear Qkv, int Heads) : SessionStep;

    /// <summary>o = attention of a to the condition's tokens.</summary>
    public sealed record CrossAttention(Linear Q, Linear Kv, int Heads) : SessionStep;

    /// <summary>y = projection of o.</summary>
    public sealed record Project(Linear Layer) : SessionStep;

    /// <summary>y = second(gelu(first(a))).</summary>
    public sealed record Mlp(Linear First, Linear Second) : SessionStep;

    /// <summary>x = x + gate y.</summary>
    /// <param name="Gate">Which part of the modulation, in widths; null for no gate.</param>
    public sealed record Residual(int? Gate) : SessionStep;

    /// <summary>A residual and the norm after it, for engines that do both at once; <see cref="StepPairs"/> makes it.</summary>
    public sealed record ResidualNorm(int? Gate, AdaptiveNorm Norm) : SessionStep;

    /// <summary>The patches of the result: layer(a).</summary>
    public sealed record Output(Linear Layer) : SessionStep;
}

/// <summary>Inference of a model as data.</summary>
/// <param name="Card">The model's constants.</param>
/// <param name="Patches">Image to tokens.</param>
/// <param name="Positions">(1, T, D), added to them.</param>
/// <param name="Modulations">The layers that regress the modulation from the condition's vector, in the order of its parts; none where the condition is tokens.</param>
/// <param name="ContextTokens">M, tokens of the condition; 0 where it is a vector.</param>
/// <param name="JoinsTokens">Whether the condition's tokens are joined to the image's.</param>
/// <param name="Steps">What is done with the tokens.</param>
internal sealed record SessionSteps(
    ModelCard Card,
    PatchEmbedding Patches,
    Tensor Positions,
    IReadOnlyList<Linear> Modulations,
    int ContextTokens,
    bool JoinsTokens,
    IReadOnlyList<SessionStep> Steps)
{
    /// <summary>Tokens in the blocks.</summary>
    public int Tokens => Card.Tokens + (JoinsTokens ? ContextTokens : 0);

    /// <summary>Numbers in the modulation of one sample; 0 where there is none.</summary>
    public int ModulationLength => (int)Modulations.Sum(static layer => layer.weight.shape[0]);
}
