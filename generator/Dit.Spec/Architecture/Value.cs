namespace Dit.Spec;

/// <summary>An operation on values: what the statements of a module are written with.</summary>
/// <remarks>
/// A closed sum: a reading knows every case of it, and no network. <see cref="ShapeRules"/> has the shapes.
/// </remarks>
public abstract record Value
{
    private Value() { }

    /// <summary>The value of this name.</summary>
    public static implicit operator Value(string name) => new Name(name);

    /// <summary>What the operation is given.</summary>
    public IEnumerable<Value> Operands => this switch
    {
        Call call => call.Arguments,
        Add add => [add.Left, add.Right],
        Modulate modulate => modulate.Shift is { } shift ? [modulate.X, shift, modulate.Scale] : [modulate.X, modulate.Scale],
        Gated gated => [gated.X, gated.Gate, gated.Branch],
        Activate activate => [activate.X],
        SwiGlu gate => [gate.X],
        SelfAttention attention => attention.Rotary is { } rotary ? [attention.Qkv, rotary] : [attention.Qkv],
        CrossAttention attention => attention.Mask is { } mask ? [attention.Q, attention.Kv, mask] : [attention.Q, attention.Kv],
        AddTable table => [table.X],
        JoinTokens join => join.Parts,
        JoinFeatures join => join.Parts,
        Tokens tokens => [tokens.X],
        AsToken token => [token.X],
        MeanOfTokens mean => [mean.X],
        Sinusoid sinusoid => [sinusoid.T],
        FillDropped fill => [fill.X],
        Unpatchify patches => [patches.X],
        _ => [],
    };

    /// <summary>The names that it is made of.</summary>
    public IEnumerable<string> Names => this is Name name ? [name.Text] : Operands.SelectMany(static operand => operand.Names);

    /// <summary>An argument, or what an earlier statement made.</summary>
    /// <param name="Text">Its name.</param>
    public sealed record Name(string Text) : Value;

    /// <summary>The tensor of a <see cref="Member.Table"/>.</summary>
    /// <param name="Table">The member's name.</param>
    public sealed record Parameter(string Table) : Value;

    /// <summary>A layer or submodule applied.</summary>
    /// <param name="Member">The member's name.</param>
    /// <param name="Arguments">What it is given.</param>
    public sealed record Call(string Member, EquatableArray<Value> Arguments) : Value;

    /// <summary>left + right.</summary>
    /// <param name="Left">A value.</param>
    /// <param name="Right">A value of the same shape, or of batch 1.</param>
    public sealed record Add(Value Left, Value Right) : Value;

    /// <summary>norm(x) (1 + scale) + shift (DiT paper, section 3.2).</summary>
    /// <param name="Norm">The name of a LayerNorm without a scale of its own, or of a root mean square norm.</param>
    /// <param name="X">Tokens, (N, T, D).</param>
    /// <param name="Shift">(N, 1, D); null for none.</param>
    /// <param name="Scale">(N, 1, D).</param>
    public sealed record Modulate(string Norm, Value X, Value? Shift, Value Scale) : Value;

    /// <summary>x + gate branch (DiT paper, section 3.2).</summary>
    /// <param name="X">Tokens, (N, T, D).</param>
    /// <param name="Gate">(N, 1, D).</param>
    /// <param name="Branch">(N, T, D).</param>
    public sealed record Gated(Value X, Value Gate, Value Branch) : Value;

    /// <summary>An activation, element by element.</summary>
    /// <param name="Kind">Which.</param>
    /// <param name="X">Any shape.</param>
    public sealed record Activate(Activation Kind, Value X) : Value;

    /// <summary>SwiGLU's gate, silu(a) b (arXiv 2002.05202).</summary>
    /// <param name="X">a and b side by side, (..., 2 D).</param>
    public sealed record SwiGlu(Value X) : Value;

    /// <summary>Multi-head self-attention (arXiv 1706.03762, section 3.2).</summary>
    /// <param name="Qkv">Queries, keys and values side by side, (N, T, 3 D).</param>
    /// <param name="Heads">H.</param>
    /// <param name="QueryNorm">The name of a norm over each head of the queries; null for none.</param>
    /// <param name="KeyNorm">The name of a norm over each head of the keys; null for none.</param>
    /// <param name="Rotary">
    /// Cosines, then sines, of the angles by which pairs of neighboring channels of a head are turned, (T, 2 K), after
    /// the norms (RoFormer, arXiv 2104.09864); null for none.
    /// </param>
    public sealed record SelfAttention(
        Value Qkv, int Heads, string? QueryNorm = null, string? KeyNorm = null, Value? Rotary = null) : Value
    {
        /// <summary>Whether queries and keys enter as they are: no norm, no positions.</summary>
        public bool IsPlain => (QueryNorm ?? KeyNorm) is null && Rotary is null;

        /// <summary>The names of the norms.</summary>
        internal IEnumerable<string> Norms => new[] { QueryNorm, KeyNorm }.OfType<string>();
    }

    /// <summary>Multi-head attention of one sequence to another.</summary>
    /// <param name="Q">Queries, (N, T, D).</param>
    /// <param name="Kv">Keys and values side by side, (N, M, 2 D).</param>
    /// <param name="Heads">H.</param>
    /// <param name="Mask">Which of the keys each sample attends to, (N, M); null for all.</param>
    public sealed record CrossAttention(Value Q, Value Kv, int Heads, Value? Mask = null) : Value;

    /// <summary>
    /// The rows of a table added to a vector, side by side: parts of a shared modulation, each with an offset of its
    /// own (adaLN-single, arXiv 2310.00426, section 2.3).
    /// </summary>
    /// <param name="X">A part for each row, (N, k D), or one for all of them, (N, D).</param>
    /// <param name="Table">The member, (k, D).</param>
    public sealed record AddTable(Value X, string Table) : Value;

    /// <summary>Sequences of tokens, one behind the other.</summary>
    /// <param name="Parts">(N, ., D) each.</param>
    public sealed record JoinTokens(EquatableArray<Value> Parts) : Value;

    /// <summary>Features of the same tokens, side by side.</summary>
    /// <param name="Parts">(N, T, .) each.</param>
    public sealed record JoinFeatures(EquatableArray<Value> Parts) : Value;

    /// <summary>Some of the tokens.</summary>
    /// <param name="X">(N, ., D).</param>
    /// <param name="First">The first token.</param>
    /// <param name="Count">How many.</param>
    public sealed record Tokens(Value X, Dim First, Dim Count) : Value;

    /// <summary>A vector as a sequence of one token.</summary>
    /// <param name="X">(N, D).</param>
    public sealed record AsToken(Value X) : Value;

    /// <summary>The mean of the tokens.</summary>
    /// <param name="X">(N, T, D).</param>
    public sealed record MeanOfTokens(Value X) : Value;

    /// <summary>Sinusoidal features of timesteps: cosines, then sines (DDPM; official DiT code).</summary>
    /// <param name="T">Timesteps, (N,).</param>
    /// <param name="Features">How many features.</param>
    /// <param name="Intervals">Equal steps, on a logarithmic scale, from frequency 1 to 1/10000.</param>
    public sealed record Sinusoid(Value T, int Features, int Intervals) : Value;

    /// <summary>A condition with a learned one in the place of those that are dropped.</summary>
    /// <param name="X">(N, ...), droppable.</param>
    /// <param name="Table">The member that stands for no condition; null where the condition cannot be dropped.</param>
    public sealed record FillDropped(Value X, string? Table) : Value;

    /// <summary>Patches put back in their places.</summary>
    /// <param name="X">(N, Y X, P P C): the pixels of each patch row by row, channels last.</param>
    /// <param name="Rows">Y.</param>
    /// <param name="Columns">X.</param>
    /// <param name="Patch">P.</param>
    /// <param name="Channels">C.</param>
    public sealed record Unpatchify(Value X, int Rows, int Columns, int Patch, int Channels) : Value;
}

/// <summary>A statement of a module's body.</summary>
/// <remarks>A closed sum.</remarks>
public abstract record Statement
{
    private Statement() { }

    /// <summary>What the statement is called in an error.</summary>
    public string Label => this switch
    {
        Let let => let.Name,
        Split split => split.Name,
        ForEach loop => loop.List,
        _ => "the result",
    };

    /// <summary>A name for a value.</summary>
    /// <param name="Name">The name; a later statement may give it to another value of the same shape.</param>
    /// <param name="Value">The value.</param>
    /// <param name="Shape">The letters of its sides, where they get new ones; empty otherwise.</param>
    public sealed record Let(string Name, Value Value, EquatableArray<Dim> Shape = default) : Statement;

    /// <summary>Names for equal parts of a value's features, in their order.</summary>
    /// <param name="Name">A name for all of them.</param>
    /// <param name="Value">The value, (..., k D).</param>
    /// <param name="Groups">The names of the k parts, those together that belong together.</param>
    public sealed record Split(string Name, Value Value, EquatableArray<EquatableArray<string>> Groups) : Statement
    {
        /// <summary>The names of the parts.</summary>
        public IEnumerable<string> Parts => Groups.SelectMany(static group => group);
    }

    /// <summary>The modules of a list, one after the other: each takes what the one before gave.</summary>
    /// <param name="List">The name of a <see cref="Member.Repeated"/>.</param>
    /// <param name="Streams">What passes through: the first arguments of each module, and what it gives.</param>
    /// <param name="Arguments">What each module takes besides.</param>
    /// <param name="Skip">Whether the modules leave long skips, or take them.</param>
    public sealed record ForEach(string List, EquatableArray<string> Streams, EquatableArray<Value> Arguments, Skip Skip = Skip.None)
        : Statement;

    /// <summary>What the module gives.</summary>
    /// <param name="Values">One value, or several.</param>
    public sealed record Return(EquatableArray<Value> Values) : Statement;
}

/// <summary>
/// Long skip connections: what the first modules leave on a stack, the last ones take (U-ViT, arXiv 2209.12152).
/// </summary>
public enum Skip
{
    /// <summary>None.</summary>
    None,

    /// <summary>Each module's first result is left on the stack.</summary>
    Push,

    /// <summary>Each module takes the top of the stack as its last argument.</summary>
    Pop,
}
