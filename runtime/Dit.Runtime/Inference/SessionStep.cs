using Dit.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// One step of inference, on the tokens x and a branch b beside them. A branch that nothing has begun reads the tokens:
/// b = x.
/// </summary>
/// <remarks>
/// A closed sum, in which every order means something. Steps name the model's layers; an engine packs their weights or
/// calls them.
/// </remarks>
internal abstract record SessionStep
{
    private SessionStep() { }

    /// <summary>b = norm(x) (1 + scale) + shift, regressed from the condition.</summary>
    /// <param name="Shift">Which part of the modulation, in widths; null for no shift.</param>
    /// <param name="Scale">Which part of the modulation, in widths.</param>
    /// <param name="Eps">Added to the variance or the mean square.</param>
    /// <param name="Rms">The norm, where it is a root mean square norm and not a LayerNorm.</param>
    public sealed record AdaptiveNorm(int? Shift, int Scale, double Eps, RmsNorm? Rms = null) : SessionStep;

    /// <summary>b = x / rms(x) weight.</summary>
    public sealed record LearnedRmsNorm(RmsNorm Norm) : SessionStep;

    /// <summary>b = LayerNorm(x) weight + bias.</summary>
    public sealed record LearnedNorm(AffineLayerNorm Norm) : SessionStep;

    /// <summary>b = x.</summary>
    public sealed record Identity : SessionStep;

    /// <summary>b = self-attention of b.</summary>
    public sealed record SelfAttention(Linear Qkv, int Heads) : SessionStep
    {
        /// <summary>The norm over each head of the queries; null for none.</summary>
        public nn.Module<Tensor, Tensor>? QueryNorm { get; init; }

        /// <summary>The norm over each head of the keys; null for none.</summary>
        public nn.Module<Tensor, Tensor>? KeyNorm { get; init; }

        /// <summary>Positions that turn queries and keys, after the norms; null for none.</summary>
        public RotaryPositions? Rotary { get; init; }

        /// <summary>Whether queries and keys enter as they are.</summary>
        public bool IsPlain => QueryNorm is null && KeyNorm is null && Rotary is null;
    }

    /// <summary>b = attention of b to the condition's tokens.</summary>
    public sealed record CrossAttention(Linear Q, Linear Kv, int Heads) : SessionStep;

    /// <summary>b = projection of b.</summary>
    public sealed record Project(Linear Layer) : SessionStep;

    /// <summary>b = second(activation(first(b))).</summary>
    /// <param name="First">The first layer.</param>
    /// <param name="Second">The second layer.</param>
    /// <param name="Activation">What is between them.</param>
    public sealed record Mlp(Linear First, Linear Second, HiddenActivation Activation = HiddenActivation.Gelu) : SessionStep;

    /// <summary>x is left on the stack of long skips.</summary>
    public sealed record Push : SessionStep;

    /// <summary>x = layer(x beside what was left last), which leaves the stack.</summary>
    public sealed record Pop(Linear Layer) : SessionStep;

    /// <summary>x = x + gate b, which ends the branch.</summary>
    /// <param name="Gate">Which part of the modulation, in widths; null for no gate.</param>
    public sealed record Residual(int? Gate) : SessionStep;

    /// <summary>
    /// A residual and the norm after it, for engines that do both at once; <see cref="OperatorEngine.Pair"/> makes it.
    /// </summary>
    /// <param name="Gate">Which part of the modulation, in widths; null for no gate.</param>
    /// <param name="Shift">As of <see cref="AdaptiveNorm"/>, of a LayerNorm.</param>
    /// <param name="Scale">As of <see cref="AdaptiveNorm"/>.</param>
    /// <param name="Eps">Added to the variance.</param>
    public sealed record ResidualNorm(int? Gate, int Shift, int Scale, double Eps) : SessionStep;

    /// <summary>The patches of the result: layer(b).</summary>
    public sealed record Output(Linear Layer) : SessionStep;
}

/// <summary>Where some parts of the modulation come from.</summary>
/// <remarks>A closed sum.</remarks>
internal abstract record SessionModulation
{
    private SessionModulation() { }

    /// <summary>layer(SiLU(condition)).</summary>
    public sealed record Regressed(Linear Layer) : SessionModulation;

    /// <summary>
    /// layer(SiLU(condition)) + table, where the layer is the same in all blocks (adaLN-single, arXiv 2310.00426,
    /// section 2.3).
    /// </summary>
    /// <param name="Layer">D to k D.</param>
    /// <param name="Table">(k, D).</param>
    public sealed record Shared(Linear Layer, Tensor Table) : SessionModulation;

    /// <summary>condition + each row of a table.</summary>
    /// <param name="Table">(k, D).</param>
    public sealed record Own(Tensor Table) : SessionModulation;

    /// <summary>Numbers of one sample, k D.</summary>
    public long Length => this switch
    {
        Regressed one => one.Layer.weight.shape[0],
        Shared one => one.Table.numel(),
        Own one => one.Table.numel(),
        _ => throw new InvalidOperationException($"Unknown modulation {this}."),
    };
}

/// <summary>Inference of a model as data.</summary>
/// <param name="Card">The model's constants.</param>
/// <param name="Patches">Image to tokens.</param>
/// <param name="Positions">
/// (1, T, D), added to them; (1, M + T, D) where the condition's tokens have places, which come first.
/// </param>
/// <param name="Modulations">
/// What makes the modulation from the condition's vector, in the order of its parts; none where the condition is
/// tokens.
/// </param>
/// <param name="ContextTokens">M, tokens of the condition; 0 for none.</param>
/// <param name="JoinsTokens">Whether the condition's tokens are joined to the image's.</param>
/// <param name="Steps">What is done with the tokens.</param>
/// <param name="Convolution">What is done with the image in the end; null for nothing.</param>
internal sealed record SessionSteps(
    ModelCard Card,
    PatchEmbedding Patches,
    Tensor Positions,
    IReadOnlyList<SessionModulation> Modulations,
    int ContextTokens,
    bool JoinsTokens,
    IReadOnlyList<SessionStep> Steps,
    Convolution? Convolution = null)
{
    /// <summary>What was made for this session, which frees it: positions of the grid of its images.</summary>
    public IReadOnlyList<IDisposable> Owned { get; init; } = [];

    /// <summary>
    /// Whether the condition's tokens are attended to beside a modulation, and do not change with the time: the keys
    /// and values of them are computed once for a condition.
    /// </summary>
    public bool IsContextFixed { get; init; }

    /// <summary>Places of the condition's tokens in the table.</summary>
    private long ContextPlaces => Positions.shape[1] - Card.Tokens;

    /// <summary>Positions of the image's tokens, (1, T, D); it belongs to the ambient dispose scope.</summary>
    public Tensor ImagePositions => Positions.narrow(1, ContextPlaces, Card.Tokens);

    /// <summary>The condition's tokens with their positions, where they have any.</summary>
    public Tensor Placed(Tensor context) => ContextPlaces == 0 ? context : context + Positions.narrow(1, 0, ContextPlaces);

    /// <summary>The image as the model gives it.</summary>
    public Tensor Finish(Tensor image) => Convolution is null ? image : Convolution.call(image);

    /// <summary>The most tokens that lie on the stack of long skips at once, in sequences.</summary>
    public int Skips
    {
        get
        {
            var (now, most) = (0, 0);
            foreach (var step in Steps)
            {
                now += step switch { SessionStep.Push => 1, SessionStep.Pop => -1, _ => 0 };
                most = Math.Max(most, now);
            }
            return most;
        }
    }

    /// <summary>The sizes that kernels work with.</summary>
    public ModelSizes Sizes => new(
        Card.Width, Card.PatchSize, Card.Input.Channels, Card.OutputChannels, Card.Input.Height, Card.Input.Width,
        JoinsTokens ? ContextTokens : 0, JoinsTokens ? 0 : ContextTokens, Skips, IsContextFixed);

    /// <summary>Tokens in the blocks.</summary>
    public int Tokens => Card.Tokens + (JoinsTokens ? ContextTokens : 0);

    /// <summary>Numbers in the modulation of one sample; 0 where there is none.</summary>
    public int ModulationLength => (int)Modulations.Sum(static part => part.Length);
}
