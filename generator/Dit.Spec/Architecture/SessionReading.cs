namespace Dit.Spec;

/// <summary>A step of an inference session, between the tokens and a branch that reads them.</summary>
/// <remarks>A closed sum. Layers are named as in the description.</remarks>
public abstract record SessionOp
{
    private SessionOp() { }

    /// <summary>Shifts, scales and gates regressed from SiLU of the condition.</summary>
    /// <param name="Name">The name of the parts in the description.</param>
    /// <param name="Chain">The layer: a SiLU and a linear layer.</param>
    public sealed record Modulation(string Name, Member.Chain Chain) : SessionOp;

    /// <summary>
    /// Shifts, scales and gates from the rows of a table, added to parts that all blocks share or to the condition.
    /// </summary>
    /// <param name="Name">The name of the parts in the description.</param>
    /// <param name="Member">The table, (k, D).</param>
    /// <param name="IsShared">
    /// Whether there is a shared part for each row; otherwise each is added to the condition.
    /// </param>
    public sealed record Table(string Name, Member.Table Member, bool IsShared) : SessionOp;

    /// <summary>The branch reads norm(x) (1 + scale) + shift.</summary>
    /// <param name="Norm">A LayerNorm, or a root mean square norm with a scale of its own.</param>
    /// <param name="Shift">The part that shifts; null for none.</param>
    /// <param name="Scale">The part that scales.</param>
    public sealed record AdaptiveNorm(Member.Norm Norm, SessionPart? Shift, SessionPart Scale) : SessionOp;

    /// <summary>The branch reads a norm with a scale of its own, and of a LayerNorm a shift.</summary>
    /// <param name="Norm">The norm.</param>
    public sealed record LearnedNorm(Member.Norm Norm) : SessionOp;

    /// <summary>The branch reads the tokens as they are.</summary>
    public sealed record Identity : SessionOp;

    /// <summary>The branch is a submodule.</summary>
    /// <param name="Child">The submodule.</param>
    public sealed record Branch(Member.Child Child) : SessionOp;

    /// <summary>Self-attention and its projection.</summary>
    /// <param name="Qkv">Queries, keys and values.</param>
    /// <param name="Proj">The projection.</param>
    /// <param name="Heads">H.</param>
    public sealed record Attention(Member.Linear Qkv, Member.Linear Proj, int Heads) : SessionOp
    {
        /// <summary>The norm over each head of the queries; null for none.</summary>
        public Member.Norm? QueryNorm { get; init; }

        /// <summary>The norm over each head of the keys; null for none.</summary>
        public Member.Norm? KeyNorm { get; init; }

        /// <summary>Whether queries and keys are turned by the network's rotary positions.</summary>
        public bool IsRotary { get; init; }
    }

    /// <summary>Attention to the condition's tokens and its projection.</summary>
    /// <param name="Q">Queries.</param>
    /// <param name="Kv">Keys and values.</param>
    /// <param name="Proj">The projection.</param>
    /// <param name="Heads">H.</param>
    public sealed record CrossAttention(Member.Linear Q, Member.Linear Kv, Member.Linear Proj, int Heads) : SessionOp
    {
        /// <summary>Whether a mask says which of these tokens count.</summary>
        public bool IsMasked { get; init; }
    }

    /// <summary>Two linear layers with GELU between them.</summary>
    /// <param name="First">The first layer.</param>
    /// <param name="Second">The second layer.</param>
    /// <param name="Activation">Which form of GELU.</param>
    public sealed record Mlp(Member.Linear First, Member.Linear Second, Activation Activation) : SessionOp;

    /// <summary>Two linear layers with SwiGLU's gate between them.</summary>
    /// <param name="First">The first layer, (2 F, D).</param>
    /// <param name="Second">The second layer, (D, F).</param>
    public sealed record SwiGlu(Member.Linear First, Member.Linear Second) : SessionOp;

    /// <summary>The tokens are left for a later step.</summary>
    public sealed record Push : SessionOp;

    /// <summary>
    /// The tokens become a linear layer of themselves and of those that were left last, side by side.
    /// </summary>
    /// <param name="Layer">The layer, (D, 2 D).</param>
    public sealed record Pop(Member.Linear Layer) : SessionOp;

    /// <summary>The branch is added to the tokens.</summary>
    /// <param name="Gate">The part that it is multiplied with; null for none.</param>
    public sealed record Residual(SessionPart? Gate) : SessionOp;

    /// <summary>The linear layer from tokens to patches.</summary>
    /// <param name="Layer">The layer.</param>
    public sealed record Output(Member.Linear Layer) : SessionOp;

    /// <summary>A convolution of the result.</summary>
    /// <param name="Layer">The layer.</param>
    public sealed record Convolution(Member.Convolution Layer) : SessionOp;
}

/// <summary>
/// What the tokens pass through after they are made: a list of blocks, a block, or a step of the network.
/// </summary>
/// <remarks>A closed sum.</remarks>
public abstract record SessionStage
{
    private SessionStage() { }

    /// <summary>The modules of a list, one after the other.</summary>
    /// <param name="Name">The list.</param>
    /// <param name="Pushes">Whether the tokens are left for later after each.</param>
    public sealed record Each(string Name, bool Pushes) : SessionStage;

    /// <summary>A submodule.</summary>
    /// <param name="Name">Its name.</param>
    public sealed record One(string Name) : SessionStage;

    /// <summary>A step that is the network's own.</summary>
    /// <param name="Op">The step.</param>
    public sealed record Own(SessionOp Op) : SessionStage;
}

/// <summary>Tokens that blocks attend to beside a modulation; they do not change with the time.</summary>
/// <param name="Name">Their name in the description.</param>
/// <param name="Tokens">M.</param>
/// <param name="Mask">The argument that says which of them count for a sample; null for all.</param>
/// <param name="Statements">The statements that make them.</param>
public sealed record SessionContext(string Name, long Tokens, string? Mask, EquatableArray<Statement> Statements);

/// <summary>A part of a modulation.</summary>
/// <param name="Name">The name of all its parts.</param>
/// <param name="Index">Which part, from 0.</param>
public sealed record SessionPart(string Name, int Index);

/// <summary>A network as a session runs it: tokens of an image, blocks, final layer.</summary>
/// <param name="Patches">The submodule that makes tokens of an image.</param>
/// <param name="Positions">The table that is added to them.</param>
/// <param name="Condition">The statements that embed timestep and condition.</param>
/// <param name="Entering">The name of what they make.</param>
/// <param name="ContextTokens">M, where that is tokens; 0 where it is a vector.</param>
/// <param name="JoinsTokens">Whether these tokens travel in the sequence.</param>
/// <param name="IsContextFirst">Whether they then come first, and have their places in the table.</param>
/// <param name="Stages">What the tokens pass through, in its order.</param>
/// <param name="Modules">The steps of each module, by its class.</param>
public sealed record SessionNetwork(
    string Patches,
    string Positions,
    EquatableArray<Statement> Condition,
    string Entering,
    long ContextTokens,
    bool JoinsTokens,
    bool IsContextFirst,
    EquatableArray<SessionStage> Stages,
    IReadOnlyDictionary<string, EquatableArray<SessionOp>> Modules)
{
    /// <summary>The submodule of rotary positions; null for none.</summary>
    public string? Rotary { get; init; }

    /// <summary>The layer that regresses a modulation for all blocks together; null where each has its own.</summary>
    public Member.Chain? SharedModulation { get; init; }

    /// <summary>The tokens that blocks attend to, where the condition that enters is a vector; null for none.</summary>
    public SessionContext? Attended { get; init; }
}

/// <summary>
/// The reading of a description as the steps of an inference session, or why a session cannot take it step by step.
/// </summary>
/// <remarks>A closed sum.</remarks>
public abstract record SessionReading
{
    private SessionReading() { }

    /// <summary>A session can fuse steps.</summary>
    /// <param name="Network">The steps.</param>
    public sealed record Steps(SessionNetwork Network) : SessionReading;

    /// <summary>A session calls the model.</summary>
    /// <param name="Because">Why, in a sentence without a period.</param>
    public sealed record Calls(string Because) : SessionReading;

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<SessionNetwork, R> steps, Func<string, R> calls) => this switch
    {
        Steps reading => steps(reading.Network),
        Calls reading => calls(reading.Because),
        _ => throw new InvalidOperationException("SessionReading has two cases."),
    };

    /// <summary>The reading of a network.</summary>
    public static SessionReading Of(Module network) => Of(Evaluation.Of(network).Evaluation);

    /// <summary>The reading of an evaluated network.</summary>
    public static SessionReading Of(Evaluation network) => SessionReader.Network(network);
}
