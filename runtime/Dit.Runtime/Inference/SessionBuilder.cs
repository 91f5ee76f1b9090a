using Dit.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How a generated model says what inference does, step by step, in the order of its blocks.</summary>
/// <remarks>
/// A branch is a norm, attention or MLP, and a residual. Engines fuse what stands together: a new variant or backbone
/// is another order of these steps, not another kernel.
/// </remarks>
public sealed class SessionBuilder
{
    private readonly ModelCard card;
    private readonly PatchEmbedding patches;
    private readonly Tensor positions;
    private readonly List<SessionModulation> modulations = [];
    private readonly List<SessionStep> steps = [];
    private int parts;
    private int contextTokens;
    private bool joinsTokens, isContextFixed;
    private Linear? shared;
    private readonly List<IDisposable> owned = [];
    private Convolution? convolution;
    private RotaryPositions? positionsOfHeads;

    /// <summary>Begins with the tokens of the image.</summary>
    /// <param name="card">The model's constants.</param>
    /// <param name="patches">Image to tokens.</param>
    /// <param name="positions">
    /// (1, T, D), added to them; (1, M + T, D) where tokens of the condition come first and have places too.
    /// </param>
    public SessionBuilder(ModelCard card, PatchEmbedding patches, Tensor positions) => (this.card, this.patches, this.positions) =
        (card, patches, positions);

    /// <summary>Begins with the tokens of an image of any size.</summary>
    /// <param name="card">The model's constants.</param>
    /// <param name="patches">Image to tokens.</param>
    /// <param name="positions">The model's position table.</param>
    /// <param name="table">What the table is.</param>
    /// <param name="size">The size in pixels; null for the model's own.</param>
    /// <exception cref="DitException">The model cannot draw such a size.</exception>
    public SessionBuilder(ModelCard card, PatchEmbedding patches, Tensor positions, PositionTable table, ImageSize? size)
        : this(card.At(size), patches, Placed(positions, table, card.At(size)))
    {
        if (!ReferenceEquals(this.positions, positions)) owned.Add(this.positions);
    }

    /// <summary>The condition is M tokens and not a vector.</summary>
    /// <param name="tokens">M.</param>
    /// <param name="joined">
    /// Whether they are joined to the image's tokens, or only attended to.
    /// </param>
    /// <param name="first">Whether joined tokens come before the image's, and the positions are of all of them.</param>
    public SessionBuilder Context(int tokens, bool joined, bool first = false)
    {
        if (positions.shape[1] != (first ? tokens + card.Tokens : card.Tokens))
            throw new ArgumentException($"{positions.shape[1]} positions are not those of the tokens.", nameof(first));
        (contextTokens, joinsTokens) = (tokens, joined);
        return this;
    }

    /// <summary>
    /// The blocks attend to M tokens of the condition beside a modulation. They do not change with the time, so their
    /// keys and values are computed once for a condition.
    /// </summary>
    /// <param name="tokens">M.</param>
    public SessionBuilder Attended(int tokens)
    {
        (contextTokens, joinsTokens, isContextFixed) = (tokens, false, true);
        return this;
    }

    /// <summary>
    /// One linear layer regresses the modulation of all blocks from SiLU of the condition (adaLN-single, arXiv
    /// 2310.00426, section 2.3); see <see cref="SharedModulation"/>.
    /// </summary>
    /// <param name="layer">D to k D.</param>
    public SessionBuilder Shared(Linear layer)
    {
        shared = layer;
        return this;
    }

    /// <summary>Attention may turn queries and keys by these positions, or by those of the image's own grid.</summary>
    /// <param name="rotary">The model's rotary positions.</param>
    public SessionBuilder Rotary(RotaryPositions rotary)
    {
        positionsOfHeads = rotary.For(PatchGrid.Of(card));
        if (!ReferenceEquals(positionsOfHeads, rotary)) owned.Add(positionsOfHeads);
        return this;
    }

    /// <summary>
    /// A linear layer that regresses shifts, scales and gates from SiLU of the condition; run once for a whole
    /// trajectory.
    /// </summary>
    /// <param name="layer">D to parts D.</param>
    /// <returns>Its parts: m[0] is the first D numbers.</returns>
    public ModulationParts Modulation(Linear layer) => Parts(new SessionModulation.Regressed(layer));

    /// <summary>Shifts, scales and gates that are the condition's vector and a row of a table each.</summary>
    /// <param name="table">(parts, D).</param>
    /// <returns>Its parts: m[0] is of the first row.</returns>
    public ModulationParts Modulation(Tensor table) => Parts(new SessionModulation.Own(table));

    /// <summary>Shifts, scales and gates that are what the shared layer regresses and a table of the block.</summary>
    /// <param name="table">(parts, D).</param>
    /// <returns>Its parts: m[0] is of the first row.</returns>
    /// <exception cref="ArgumentException"><see cref="Shared"/> gave no layer.</exception>
    public ModulationParts SharedModulation(Tensor table) =>
        Parts(new SessionModulation.Shared(shared ?? throw new ArgumentException("No shared layer was given.", nameof(table)), table));

    private ModulationParts Parts(SessionModulation modulation)
    {
        modulations.Add(modulation);
        var first = parts;
        parts += (int)(modulation.Length / card.Width);
        return new(first);
    }

    /// <summary>LayerNorm with a shift and scale of the modulation; a shift of null is none.</summary>
    public void Norm(ModulationPart? shift, ModulationPart scale, double eps = Functional.OfficialEps) =>
        steps.Add(new SessionStep.AdaptiveNorm(shift?.Index, scale.Index, eps));

    /// <summary>
    /// Root mean square norm with its learned scale, then a shift and scale of the modulation; a shift of null is none.
    /// </summary>
    public void Norm(RmsNorm norm, ModulationPart? shift, ModulationPart scale) =>
        steps.Add(new SessionStep.AdaptiveNorm(shift?.Index, scale.Index, norm.Eps, norm));

    /// <summary>Root mean square norm with a learned scale.</summary>
    public void Norm(RmsNorm norm) => steps.Add(new SessionStep.LearnedRmsNorm(norm));

    /// <summary>LayerNorm with a learned scale and shift.</summary>
    public void Norm(AffineLayerNorm norm) => steps.Add(new SessionStep.LearnedNorm(norm));

    /// <summary>The branch reads the tokens as they are.</summary>
    public void Identity() => steps.Add(new SessionStep.Identity());

    /// <summary>Multi-head self-attention and its projection.</summary>
    /// <param name="qkv">Queries, keys and values, D to 3 D.</param>
    /// <param name="proj">The projection.</param>
    /// <param name="heads">H.</param>
    /// <param name="queryNorm">A norm over each head of the queries; none by default.</param>
    /// <param name="keyNorm">A norm over each head of the keys; none by default.</param>
    /// <param name="rotary">
    /// Whether queries and keys are turned by the positions that <see cref="Rotary"/> gave.
    /// </param>
    public void Attention(
        Linear qkv, Linear proj, int heads, nn.Module<Tensor, Tensor>? queryNorm = null, nn.Module<Tensor, Tensor>? keyNorm = null,
        bool rotary = false)
    {
        if (rotary && positionsOfHeads is null) throw new ArgumentException("No rotary positions were given.", nameof(rotary));
        steps.Add(new SessionStep.SelfAttention(qkv, heads)
        {
            QueryNorm = queryNorm,
            KeyNorm = keyNorm,
            Rotary = rotary ? positionsOfHeads : null,
        });
        steps.Add(new SessionStep.Project(proj));
    }

    /// <summary>Multi-head attention to the condition's tokens and its projection.</summary>
    public void CrossAttention(Linear q, Linear kv, Linear proj, int heads)
    {
        steps.Add(new SessionStep.CrossAttention(q, kv, heads));
        steps.Add(new SessionStep.Project(proj));
    }

    /// <summary>Two linear layers with GELU between them.</summary>
    /// <param name="fc1">The first layer.</param>
    /// <param name="fc2">The second layer.</param>
    /// <param name="exactGelu">Whether GELU is by the error function, and not its tanh form.</param>
    public void Mlp(Linear fc1, Linear fc2, bool exactGelu = false) =>
        steps.Add(new SessionStep.Mlp(fc1, fc2, exactGelu ? HiddenActivation.ExactGelu : HiddenActivation.Gelu));

    /// <summary>Two linear layers with SwiGLU's gate between them.</summary>
    /// <param name="w12">D to 2 F.</param>
    /// <param name="w3">F to D.</param>
    public void SwiGlu(Linear w12, Linear w3) => steps.Add(new SessionStep.Mlp(w12, w3, HiddenActivation.SwiGlu));

    /// <summary>Leaves the tokens for a later block: a long skip begins.</summary>
    public void Push() => steps.Add(new SessionStep.Push());

    /// <summary>
    /// The tokens become a linear layer of themselves and of those that were left last, side by side.
    /// </summary>
    /// <param name="layer">2 D to D.</param>
    public void Pop(Linear layer) => steps.Add(new SessionStep.Pop(layer));

    /// <summary>A convolution of the image in the end.</summary>
    public void Convolution(Convolution layer) => convolution = layer;

    /// <summary>Adds the branch to the tokens.</summary>
    public void Residual() => steps.Add(new SessionStep.Residual(null));

    /// <summary>Adds the branch times a gate of the modulation to the tokens.</summary>
    public void Residual(ModulationPart gate) => steps.Add(new SessionStep.Residual(gate.Index));

    /// <summary>The linear layer from tokens to patches.</summary>
    public void Output(Linear layer) => steps.Add(new SessionStep.Output(layer));

    /// <summary>The session, for the device and type of the model's parameters.</summary>
    /// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
    /// <param name="embed">Embeds timesteps, (N,), and conditions: a vector, (N, D), or tokens, (N, M, D).</param>
    /// <param name="model">The model whose session this is; null for a session without a model.</param>
    /// <param name="predict">
    /// The model's own prediction of x, t and a condition: called instead of the steps while the model or a layer of it
    /// has forward hooks.
    /// </param>
    /// <param name="attend">
    /// The tokens that the blocks attend to, (N, M, D), and which of them count for a sample, bool, (N, M), null for
    /// all; where <see cref="Attended"/> said so.
    /// </param>
    public InferenceSession<TCondition> Build<TCondition>(
        Func<Tensor, TCondition, Tensor> embed, nn.Module? model = null, Func<Tensor, Tensor, TCondition, Tensor>? predict = null,
        Func<TCondition, (Tensor Tokens, Tensor? Mask)>? attend = null)
        where TCondition : ICondition<TCondition> =>
        new SteppedSession<TCondition>(
            new SessionSteps(card, patches, positions, modulations, contextTokens, joinsTokens, steps, convolution)
            {
                Owned = owned,
                IsContextFixed = isContextFixed,
            },
            embed, model, predict, attend);

    private static Tensor Placed(Tensor positions, PositionTable table, ModelCard card)
    {
        using var noGradient = no_grad();
        var placed = table.At(positions, PatchGrid.Of(card));
        return ReferenceEquals(placed, positions) ? positions : placed.DetachFromDisposeScope();
    }
}

/// <summary>What one layer regresses.</summary>
public readonly record struct ModulationParts
{
    private readonly int first;

    internal ModulationParts(int first) => this.first = first;

    /// <summary>A shift, scale or gate: D numbers for each sample.</summary>
    public ModulationPart this[int part] => new(first + part);
}

/// <summary>A shift, scale or gate.</summary>
public readonly record struct ModulationPart
{
    internal ModulationPart(int index) => Index = index;

    internal int Index { get; }
}
