namespace Dit.Spec;

/// <summary>Recognizes the branches of residual blocks in a description: what a session's kernels know.</summary>
internal static class SessionReader
{
    public static SessionReading Network(Evaluation evaluation)
    {
        var network = evaluation.Module;
        var (body, lets) = (network.Body, Lets(network));
        if (body.OfType<Statement.ForEach>().ToArray() is not [{ Streams.Count: 1, Skip: Skip.None } loop])
            return No(network, "the tokens pass through more than one list of blocks, in several streams, or with long skips");
        if (network.Find(loop.List) is not Member.Repeated blocks) return No(network, $"{loop.List} is no list");
        if (Image(network, lets, loop.Streams[0]) is not var (patches, positions, joined))
            return No(network, "the tokens are not patches with positions, alone or with the condition's tokens behind them");
        if (Final(network, lets, loop.Streams[0]) is not var (final, first))
            return No(network, "what follows the blocks is not one final layer");
        var condition = joined ?? loop.Arguments.OfType<Value.Name>().FirstOrDefault()?.Text;
        if (condition is null || loop.Arguments.Count > 1 || (joined is not null) != (first is not null))
            return No(network, "the blocks take more than one argument beside the tokens");
        var modules = new Dictionary<string, EquatableArray<SessionOp>>();
        if (Add(blocks.Module, modules) is { } block) return new SessionReading.Calls(block);
        if (Add(final.Module, modules) is { } last) return new SessionReading.Calls(last);
        return new SessionReading.Steps(new(
            patches,
            positions,
            Needed(body, condition),
            condition,
            ContextTokens(evaluation, condition),
            joined is not null,
            loop.List,
            final.Name,
            modules));
    }

    // Null when it can be done, and the modules know how; else why not.
    private static string? Add(Module module, Dictionary<string, EquatableArray<SessionOp>> modules)
    {
        if (modules.ContainsKey(module.Type)) return null;
        if (Branch(module) is { } branch)
        {
            modules.Add(module.Type, EquatableArray.Of(branch));
            return null;
        }
        var reader = new BlockReader(module);
        if (reader.Read() is { } because) return because;
        modules.Add(module.Type, reader.Ops.ToEquatableArray());
        return reader.Ops.OfType<SessionOp.Branch>().Select(op => Branch(op.Child.Module) is null
            ? $"{op.Child.Module.Type} is neither attention and a projection nor two linear layers with the tanh form of GELU"
            : Add(op.Child.Module, modules)).FirstOrDefault(static because => because is not null);
    }

    private static SessionOp? Branch(Module module) => Inlined(module) switch
    {
        Value.Call { Arguments: [Value.SelfAttention { IsPlain: true, Qkv: Value.Call qkv } attention] } proj
            when (Layer(module, qkv), Layer(module, proj)) is ({ } first, { } second) => new SessionOp.Attention(
            first,
            second,
            attention.Heads),
        Value.Call { Arguments: [Value.CrossAttention { Q: Value.Call q, Kv: Value.Call kv, Mask: null } attention] } proj
            when (Layer(module, q), Layer(module, kv), Layer(module, proj)) is ({ } queries, { } pairs, { } second) =>
            new SessionOp.CrossAttention(queries, pairs, second, attention.Heads),
        Value.Call { Arguments: [Value.Activate { Kind: Activation.GeluTanh, X: Value.Call first }] } second
            when (Layer(module, first), Layer(module, second)) is ({ } a, { } b) => new SessionOp.Mlp(a, b),
        _ => null,
    };

    private static Member.Linear? Layer(Module module, Value.Call call) => module.Find(call.Member) as Member.Linear;

    // One expression for all of a module's statements; null where there are others than names.
    private static Value? Inlined(Module module) =>
        module.Body.All(static statement => statement is Statement.Let or Statement.Return)
        && module.Body.Last() is Statement.Return { Values: [var result] }
            ? Inline(result, Lets(module))
            : null;

    private static Value Inline(Value value, IReadOnlyDictionary<string, Value> lets) => value switch
    {
        Value.Name name when lets.TryGetValue(name.Text, out var let) => Inline(let, lets),
        Value.Call call => call with { Arguments = call.Arguments.Select(argument => Inline(argument, lets)).ToEquatableArray() },
        Value.SelfAttention attention => attention with { Qkv = Inline(attention.Qkv, lets) },
        Value.CrossAttention attention => attention with { Q = Inline(attention.Q, lets), Kv = Inline(attention.Kv, lets) },
        Value.Activate activate => activate with { X = Inline(activate.X, lets) },
        _ => value,
    };

    private static IReadOnlyDictionary<string, Value> Lets(Module module) => module.Body.OfType<Statement.Let>()
        .GroupBy(static let => let.Name)
        .Where(static same => same.Count() == 1)
        .ToDictionary(static same => same.Key, static same => same.Single().Value);

    private static (string Patches, string Positions, string? Joined)? Image(
        Module network,
        IReadOnlyDictionary<string, Value> lets,
        string tokens) =>
        lets.TryGetValue(tokens, out var value)
            ? value switch
            {
                Value.JoinTokens { Parts: [var image, Value.Name context] } when Image(network, image) is var (patches, positions) => (
                    patches, positions, context.Text),
                _ when Image(network, value) is var (patches, positions) => (patches, positions, null),
                _ => null,
            }
            : null;

    private static (string Patches, string Positions)? Image(Module network, Value value) =>
        value is Value.Add { Left: Value.Call { Arguments: [Value.Name x] } patches, Right: Value.Parameter positions }
        && x.Text == network.Arguments[0].Name
        && network.Find(patches.Member) is Member.Child { Module.Members: [Member.Patches] }
            ? (patches.Member, positions.Table)
            : null;

    // The tokens, or the first of them where the condition's follow, go through the final layer and back to an image.
    private static (Member.Child Final, Value.Tokens? First)? Final(
        Module network,
        IReadOnlyDictionary<string, Value> lets,
        string tokens) =>
        network.Body.Last() is Statement.Return { Values: [Value.Unpatchify { X: Value.Name patches }] }
        && lets.TryGetValue(patches.Text, out var value) && value is Value.Call final && network.Find(final.Member) is Member.Child child
        && final.Arguments[0] is var first
        && (first is Value.Tokens { First.Size: 0 } some ? some.X : first) is Value.Name name
        && name.Text == tokens
            ? (child, first as Value.Tokens)
            : null;

    // The statement that makes what enters the blocks, behind those that it needs.
    private static EquatableArray<Statement> Needed(EquatableArray<Statement> body, string condition)
    {
        var (needed, statements) = (new HashSet<string> { condition }, new List<Statement>());
        foreach (var let in body.Reverse().OfType<Statement.Let>().Where(let => needed.Contains(let.Name)))
        {
            statements.Insert(0, let);
            needed.UnionWith(let.Value.Names);
        }
        return statements.ToEquatableArray();
    }

    private static long ContextTokens(Evaluation evaluation, string condition)
    {
        var shape = evaluation.Statements.First(statement => statement.Statement.Label == condition).Values[0].Shape;
        return shape.Count == 3 ? shape[1].Size : 0;
    }

    private static SessionReading No(Module module, string because) => new SessionReading.Calls($"{module.Type}: {because}");
}
