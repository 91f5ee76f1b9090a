namespace Dit.Spec;

/// <summary>Walks an evaluation in the order in which it runs, and counts.</summary>
/// <remarks>
/// A tensor that several layers keep for the backward pass is kept once, and counts for the first of them. Without
/// gradients, what a module makes lives until the module returns, as generated code and its dispose scopes have it.
/// </remarks>
internal sealed class CostMeter
{
    private readonly List<Row> rows = [];
    private readonly HashSet<Traced> seen = [], kept = [];
    private readonly Dictionary<Traced, Row> makers = [];
    private long pending; // kept by an operation whose operand no layer made
    private long live;

    public IEnumerable<ModelLayer> Layers => rows.Select(static row => new ModelLayer(row.Name, row.Output, row.Macs, row.Saved));

    public long Peak { get; private set; }

    public void Run(Evaluation evaluation)
    {
        foreach (var argument in evaluation.Arguments) seen.Add(argument);
        foreach (var statement in evaluation.Statements)
        {
            if (statement.Statement is Statement.ForEach loop) Run(loop, statement.Inside);
            else foreach (var value in statement.Values) Visit(value);
        }
    }

    // The tokens that a block was given are freed when it returns, unless they wait on the stack of long skips.
    private void Run(Statement.ForEach loop, IReadOnlyList<Evaluation> modules)
    {
        foreach (var module in modules)
        {
            foreach (var argument in module.Arguments) Visit(argument);
            Inside(module, module.Results);
            if (loop.Skip != Skip.Push) live -= module.Arguments.Take(loop.Streams.Count).Sum(static stream => Shape.Count(stream.Shape));
        }
    }

    private void Inside(Evaluation module, IReadOnlyList<Traced> results)
    {
        var before = live;
        Run(module);
        live =
            before
            + results
                .Where(result => result.Shape.Count > 2 && !module.Arguments.Contains(Stored(result)))
                .Sum(static result => Shape.Count(result.Shape));
    }

    private void Visit(Traced value)
    {
        if (!seen.Add(value)) return;
        foreach (var operand in value.Operands) Visit(operand);
        if (value.Inside is { } inside) Inside(inside, inside.Results);
        else Count(value);
    }

    private void Count(Traced value)
    {
        var (size, x) = (Shape.Count(value.Shape), value.Operands.FirstOrDefault());
        switch (value.Operation, value.Member)
        {
            case (Value.Call, Member.Linear linear): Layer(value, size * linear.In.Size, Keep(x)); break;
            case (Value.Call, Member.Patches patches):
                Layer(value, size * patches.Channels * patches.Patch * patches.Patch, Keep(x));
                break;
            case (Value.Call, Member.Convolution convolution):
                Layer(value, size * convolution.In * convolution.Kernel * convolution.Kernel, Keep(x));
                break;
            case (Value.Call, Member.Norm norm): Layer(value, size, Keep(x) + Statistics(norm, size)); break;
            // and the normalized tokens, which are scaled, twice where the norm has a scale of its own
            case (Value.Modulate, Member.Norm norm):
                Layer(value, size, Keep(x) + (norm.IsAffine ? 2 : 1) * size + Statistics(norm, size));
                break;
            case (Value.Call, Member.Embedding): Layer(value, 0, 1); break;
            case (Value.SelfAttention attention, _):
                Prepare(value, attention);
                Attention(value, attention.Heads, keys: value.Shape[1], operands: [value.Operands[0]]);
                break;
            case (Value.SwiGlu, _): Attribute(x, Keep(x) + size); break; // and the half that went through SiLU
            case (Value.CrossAttention attention, _):
                Attention(value, attention.Heads, keys: value.Operands[1].Shape[1], operands: [value.Operands[0], value.Operands[1]]);
                break;
            case (Value.Activate, _): Attribute(x, Keep(x)); break;
            case (Value.Gated, _): Attribute(value.Operands[2], Keep(value.Operands[2])); break;
            case (Value.Parameter, _): return; // the model's own
        }
        if (IsView(value) || value.Shape.Count < 3) return; // vectors of a sample are nothing beside its tokens
        Allocate(size, Workspace(value, size));
        if (value.Operation is Value.Gated) live += size; // measured: the gated branch stays beside it until the module returns
    }

    private void Layer(Traced value, long macs, long saved)
    {
        var row = new Row(value.Path, Sides(value.Shape), macs, saved + pending);
        (makers[value], pending) = (row, 0);
        rows.Add(row);
    }

    // The scores are never kept: the backward pass makes them again from queries, keys, values and one sum for each
    // row.
    private void Attention(Traced value, int heads, Dim keys, IReadOnlyList<Traced> operands)
    {
        var (tokens, width) = (value.Shape[1].Size, value.Shape[2].Size);
        var macs = tokens * keys.Size * width;
        rows.Add(new($"{value.Path}.scores", EquatableArray.Of(heads, tokens, keys.Size), macs, operands.Sum(Keep) + heads * tokens));
        rows.Add(new($"{value.Path}.mix", EquatableArray.Of(tokens, width), macs, 0));
    }

    // The norms of queries and keys, and what is kept of both beside the product that holds them: what enters the
    // scores, and where a scale is learned what it multiplies.
    private void Prepare(Traced value, Value.SelfAttention attention)
    {
        if (attention.IsPlain) return;
        var size = Shape.Count(value.Shape);
        foreach (var norm in attention.Norms) rows.Add(new($"{value.Path}.{norm}", Sides(value.Shape), size, size));
        Attribute(value.Operands[0], 2 * size);
    }

    // What an operation keeps counts for the layer that made it, else for the next one. A vector that no layer made is
    // nothing beside tokens.
    private void Attribute(Traced? value, long saved)
    {
        if (value is not null && makers.TryGetValue(Stored(value), out var maker)) maker.Saved += saved;
        else if (value?.Shape.Count > 2) pending += saved;
    }

    private long Keep(Traced? value) => value is not null && kept.Add(Stored(value)) ? Shape.Count(value.Shape) : 0;

    private void Allocate(long size, long workspace)
    {
        live += size;
        Peak = Math.Max(Peak, live + workspace);
    }

    // What a norm keeps of each token: its mean and deviation, or its root mean square.
    private static long Statistics(Member.Norm norm, long size) => (norm.Kind == NormKind.Rms ? 1 : 2) * size / norm.Width.Size;

    // What an operation needs beside its result: attention the heads before they are put side by side, modulation the
    // normalized tokens, a gate the half that went through SiLU.
    private static long Workspace(Traced value, long size) =>
        value.Operation switch
        {
            Value.SelfAttention { IsPlain: false } => 3 * size, // the queries and keys besides
            Value.SelfAttention or Value.CrossAttention or Value.Modulate or Value.SwiGlu => size,
            _ => 0,
        };

    private static bool IsView(Traced value) =>
        value.Operation is Value.AsToken or Value.Tokens || (value.Member is null && value.Operation is Value.Call);

    /// <summary>The value whose memory this is.</summary>
    private static Traced Stored(Traced value) =>
        value.Inside is { Results: [var result] } ? Stored(result) : value.Operation is Value.AsToken ? Stored(value.Operands[0]) : value;

    private static EquatableArray<long> Sides(EquatableArray<Dim> shape) =>
        shape.Skip(1).Select(static side => side.Size).ToEquatableArray();

    private sealed class Row(string name, EquatableArray<long> output, long macs, long saved)
    {
        public string Name => name;

        public EquatableArray<long> Output => output;

        public long Macs => macs;

        public long Saved { get; set; } = saved;
    }
}
