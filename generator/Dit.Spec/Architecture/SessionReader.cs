namespace Dit.Spec;

/// <summary>Recognizes the branches of residual blocks in a description: what a session's kernels know.</summary>
internal static class SessionReader
{
    public static SessionReading Network(Evaluation evaluation)
    {
        var network = evaluation.Module;
        var (body, lets) = (network.Body, Lets(network));
        if (body.OfType<Statement.ForEach>().FirstOrDefault() is not { Streams: [var tokens] } first)
            return No(network, "the tokens pass through the blocks in several streams, or through no list of them");
        if (Image(network, lets, tokens) is not { } image)
            return No(network, "the tokens are not patches with positions, alone or with the condition's tokens beside them");
        Value[] others = [.. first.Arguments.Where(argument => Rotary(network, lets, argument) is null)];
        var given =
            image.Joined is not { } joined ? BlockArguments.Of(evaluation, others, name => Needed(body, name))
            : others.Length == 0 ? new BlockArguments(joined, null, null)
            : null;
        if (given is null)
            return No(network, "the blocks take other arguments than a condition, tokens to attend to and a mask of these");
        var condition = given.Condition;
        var contextTokens = ContextTokens(evaluation, condition);
        var rotary = first.Arguments.Except(others).OfType<Value.Name>().ToArray();
        var stages = new StageReader(
            network, tokens, image, condition, first.Arguments, contextTokens, rotary.Select(static name => name.Text).ToEquatableArray());
        if (stages.Read() is { } unread) return No(network, unread);
        var modules = new Dictionary<string, EquatableArray<SessionOp>>();
        if (stages.Modules.Select(module => Add(module, modules)).FirstOrDefault(static because => because is not null) is { } unknown)
            return new SessionReading.Calls(unknown);
        var isMasked = given.Context?.Mask is not null;
        if (modules.Values.SelectMany(static ops => ops).OfType<SessionOp.CrossAttention>().Any(step => step.IsMasked != isMasked))
            return No(network, "the mask of the condition's tokens is not that of all attention to them");
        return new SessionReading.Steps(new(
            image.Patches,
            image.Positions,
            Needed(body, condition),
            condition,
            contextTokens,
            image.Joined is not null,
            image.IsContextFirst,
            stages.Stages.ToEquatableArray(),
            modules)
        {
            Rotary = rotary.Select(name => Rotary(network, lets, name)).FirstOrDefault(),
            SharedModulation = given.Shared,
            Attended = given.Context,
        });
    }

    // The submodule that an argument is the rotary positions of.
    private static string? Rotary(Module network, IReadOnlyDictionary<string, Value> lets, Value argument) =>
        argument is Value.Name name && lets.TryGetValue(name.Text, out var value) && value is Value.Call { Arguments.Count: 0 } call
        && network.Find(call.Member) is Member.Child { Module.Type: StandardParts.RotaryType }
            ? call.Member
            : null;

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
            ? $"{op.Child.Module.Type} is neither attention and a projection nor two linear layers with GELU or SwiGLU"
            : Add(op.Child.Module, modules)).FirstOrDefault(static because => because is not null);
    }

    private static SessionOp? Branch(Module module) => Inlined(module) switch
    {
        Value.Call { Arguments: [Value.SelfAttention { Qkv: Value.Call qkv } attention] } proj
            when (Layer(module, qkv), Layer(module, proj)) is ({ } first, { } second) && IsRotary(module, attention) is { } isRotary =>
            new SessionOp.Attention(first, second, attention.Heads)
            {
                QueryNorm = HeadNorm(module, attention.QueryNorm),
                KeyNorm = HeadNorm(module, attention.KeyNorm),
                IsRotary = isRotary,
            },
        Value.Call { Arguments: [Value.CrossAttention { Q: Value.Call q, Kv: Value.Call kv, Mask: null or Value.Name } attention] } proj
            when (Layer(module, q), Layer(module, kv), Layer(module, proj)) is ({ } queries, { } pairs, { } second) =>
            new SessionOp.CrossAttention(queries, pairs, second, attention.Heads) { IsMasked = attention.Mask is not null },
        Value.Call { Arguments: [Value.Activate { Kind: Activation.GeluTanh or Activation.Gelu, X: Value.Call first } gelu] } second
            when (Layer(module, first), Layer(module, second)) is ({ } a, { } b) => new SessionOp.Mlp(a, b, gelu.Kind),
        Value.Call { Arguments: [Value.SwiGlu { X: Value.Call first }] } second
            when (Layer(module, first), Layer(module, second)) is ({ } a, { } b) => new SessionOp.SwiGlu(a, b),
        _ => null,
    };

    // Whether positions are given to the module; null where it makes some of its own.
    private static bool? IsRotary(Module module, Value.SelfAttention attention) => attention.Rotary switch
    {
        null => false,
        Value.Name name when module.Arguments.Any(argument => argument.Name == name.Text) => true,
        _ => null,
    };

    private static Member.Norm? HeadNorm(Module module, string? name) => name is null ? null : module.Find(name) as Member.Norm;

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
        Value.SwiGlu gate => gate with { X = Inline(gate.X, lets) },
        _ => value,
    };

    // What a name first stands for.
    private static IReadOnlyDictionary<string, Value> Lets(Module module) => module.Body.OfType<Statement.Let>()
        .GroupBy(static let => let.Name)
        .ToDictionary(static same => same.Key, static same => same.First().Value);

    private static SessionImage? Image(Module network, IReadOnlyDictionary<string, Value> lets, string tokens) =>
        !lets.TryGetValue(tokens, out var value) ? null : value switch
        {
            Value.Add { Left: Value.JoinTokens { Parts: [Value.Name context, var image] }, Right: Value.Parameter positions }
                when Patches(network, image) is { } patches => new(patches, positions.Table, context.Text, IsContextFirst: true),
            Value.JoinTokens { Parts: [var image, Value.Name context] } when Placed(network, image) is var (patches, positions) =>
                new(patches, positions, context.Text, IsContextFirst: false),
            _ when Placed(network, value) is var (patches, positions) => new(patches, positions, null, IsContextFirst: false),
            _ => null,
        };

    private static (string Patches, string Positions)? Placed(Module network, Value value) =>
        value is Value.Add { Left: var image, Right: Value.Parameter positions } && Patches(network, image) is { } patches
            ? (patches, positions.Table)
            : null;

    private static string? Patches(Module network, Value value) =>
        value is Value.Call { Arguments: [Value.Name x] } patches
        && x.Text == network.Arguments[0].Name
        && network.Find(patches.Member) is Member.Child { Module.Members: [Member.Patches] }
            ? patches.Member
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

/// <summary>The tokens that enter the blocks.</summary>
/// <param name="Patches">The submodule that makes tokens of an image.</param>
/// <param name="Positions">The table that is added to them.</param>
/// <param name="Joined">The name of the condition's tokens in the same sequence; null for none.</param>
/// <param name="IsContextFirst">Whether these come first, and have their places in the table.</param>
internal sealed record SessionImage(string Patches, string Positions, string? Joined, bool IsContextFirst);
