namespace Dit.Spec;

/// <summary>Reads a block's statements as branches beside the tokens, in the order in which they run.</summary>
internal sealed class BlockReader(Module module)
{
    private readonly Dictionary<string, SessionPart> parts = [];
    private string tokens = module.Arguments[0].Name; // what holds the tokens now

    public List<SessionOp> Ops { get; } = [];

    /// <summary>Reads all statements; null, or why one of them cannot be a step.</summary>
    public string? Read() => module.Body.Select(Read).FirstOrDefault(static because => because is not null);

    private string? Read(Statement statement) => statement switch
    {
        Statement.Split split => Regress(split),
        Statement.Let { Value: Value.Call { Arguments: [Value.JoinFeatures { Parts: [Value.Name x, Value.Name skip] }] } call } let
            when x.Text == tokens && IsSkip(skip.Text) && module.Find(call.Member) is Member.Linear layer =>
            Then(new SessionOp.Pop(layer)) ?? Now(let.Name),
        Statement.Let let => Residual(let.Value, statement) ?? Now(let.Name),
        Statement.Return { Values: [Value.Call { Arguments: [var x] } call] } when module.Find(call.Member) is Member.Linear layer =>
            Entering(x, statement) ?? Then(new SessionOp.Output(layer)),
        Statement.Return { Values: [var value] } => Residual(value, statement),
        _ => No(statement, "several values are given"),
    };

    // A long skip is the last argument.
    private bool IsSkip(string name) => module.Arguments.Count > 1 && module.Arguments[module.Arguments.Count - 1].Name == name;

    private string? Regress(Statement.Split split)
    {
        if (Source(split) is not { } source)
            return No(split, "only a SiLU and a linear layer of the condition, or a table that is added to it, are split");
        foreach (var (name, index) in split.Parts.Select(static (name, index) => (name, index))) parts[name] = new(split.Name, index);
        return Then(source);
    }

    private SessionOp? Source(Statement.Split split) => split.Value switch
    {
        Value.AsToken { X: Value.Call { Arguments: [Value.Name] } call }
            when module.Find(call.Member) is Member.Chain chain && IsRegression(chain) => new SessionOp.Modulation(split.Name, chain),
        Value.AsToken { X: Value.AddTable { X: Value.Name x } add }
            when module.Find(add.Table) is Member.Table { Sides: [{ Size: > 1 }, var width] } table
                && module.Arguments.FirstOrDefault(argument => argument.Name == x.Text) is { } vector =>
            new SessionOp.Table(split.Name, table, IsShared: vector.Shape[1].Size != width.Size),
        _ => null,
    };

    /// <summary>Whether a chain is a SiLU and a linear layer.</summary>
    internal static bool IsRegression(Member.Chain chain) => chain.Links is [Member.Activate { Kind: Activation.Silu }, Member.Linear];

    private string? Residual(Value value, Statement statement) => value switch
    {
        Value.Add { Left: Value.Name x, Right: var branch } when x.Text == tokens => Branch(branch, null, statement),
        Value.Gated { X: Value.Name x, Gate: Value.Name gate, Branch: var branch }
            when x.Text == tokens && parts.TryGetValue(gate.Text, out var part) => Branch(branch, part, statement),
        _ => No(statement, "it is not the tokens and a branch beside them"),
    };

    private string? Branch(Value value, SessionPart? gate, Statement statement) =>
        value is Value.Call { Arguments.Count: > 0 } call && module.Find(call.Member) is Member.Child child
            ? Entering(call.Arguments[0], statement) ?? Then(new SessionOp.Branch(child)) ?? Then(new SessionOp.Residual(gate))
            : No(statement, "the branch is not attention or an MLP");

    // What the branch reads.
    private string? Entering(Value value, Statement statement) => value switch
    {
        Value.Name x when x.Text == tokens => Then(new SessionOp.Identity()),
        Value.Call { Arguments: [Value.Name x] } call
            when x.Text == tokens && module.Find(call.Member) is Member.Norm { IsAffine: true } norm => Then(
            new SessionOp.LearnedNorm(norm)),
        Value.Modulate { X: Value.Name x, Scale: Value.Name scale } modulate
            when x.Text == tokens && module.Find(modulate.Norm) is Member.Norm norm && IsPart(modulate.Shift)
                && parts.TryGetValue(scale.Text, out var factor) =>
            Then(new SessionOp.AdaptiveNorm(norm, modulate.Shift is Value.Name shift ? parts[shift.Text] : null, factor)),
        _ => No(statement, "the branch does not read the tokens, as they are or through a norm"),
    };

    private bool IsPart(Value? value) => value is null || (value is Value.Name name && parts.ContainsKey(name.Text));

    private string? Then(SessionOp op)
    {
        Ops.Add(op);
        return null;
    }

    private string? Now(string name)
    {
        tokens = name;
        return null;
    }

    private string No(Statement statement, string because) => $"{module.Type}, {statement.Label}: {because}";
}
