namespace Dit.Spec;

/// <summary>The statements of a module in Python, each with the shape of what it makes.</summary>
/// <param name="module">The module.</param>
/// <param name="sizes">How sizes are written.</param>
internal sealed class PythonBody(Module module, PythonSizes sizes)
{
    private const int Columns = PythonText.MaxColumns - 8; // in a method of a class

    /// <summary>All statements, a line or more each.</summary>
    public IEnumerable<string> Lines(Evaluation evaluation) => evaluation.Statements.SelectMany(Lines);

    /// <summary>The arguments whose samples can be dropped, because a learned one stands for them.</summary>
    public static IEnumerable<string> Dropped(Module module) => module.Arguments
        .Where(argument => argument.Kind == ValueKind.Droppable && Values(module).Any(value => Drops(module, value, argument.Name)))
        .Select(static argument => argument.Name);

    /// <summary>The name of the flags of an argument whose samples can be dropped.</summary>
    public static string Flags(string argument) => $"drop_{argument}";

    private static IEnumerable<Value> Values(Module module) => module.Body.SelectMany(static statement => statement switch
    {
        Statement.Let let => [let.Value],
        Statement.Split split => [split.Value],
        Statement.ForEach loop => loop.Arguments,
        Statement.Return result => result.Values,
        _ => Enumerable.Empty<Value>(),
    }).SelectMany(All);

    private static IEnumerable<Value> All(Value value) => value.Operands.SelectMany(All).Prepend(value);

    private static bool Drops(Module module, Value value, string argument) => value switch
    {
        Value.FillDropped { X: Value.Name x, Table: not null } => x.Text == argument,
        Value.Call call when module.Find(call.Member) is Member.Child child =>
            Passed(child.Module, call.Arguments).Any(passed => passed.Value == argument),
        _ => false,
    };

    // What a submodule is given for each of its arguments that can be dropped.
    private static IEnumerable<(string Argument, string Value)> Passed(Module called, IReadOnlyList<Value> given)
    {
        var dropped = Dropped(called).ToArray();
        return called.Arguments.Zip(given, static (argument, value) => (argument.Name, (value as Value.Name)?.Text ?? ""))
            .Where(pair => dropped.Contains(pair.Name) && pair.Item2.Length > 0);
    }

    private IEnumerable<string> Lines(TracedStatement traced) => traced.Statement switch
    {
        Statement.Let let => WithShape($"{let.Name} = {Expression(let.Value)}", traced),
        Statement.Split split => Split(split, traced),
        Statement.ForEach loop => Loop(loop, traced),
        Statement.Return result => WithShape($"return {List(result.Values)}", traced),
        _ => throw new InvalidOperationException($"Unknown statement {traced.Statement}."),
    };

    private static string[] WithShape(string line, TracedStatement traced) =>
        PythonText.WithShape(line, string.Join(", ", traced.Values.Select(static value => Shape.Text(value.Shape))), Columns);

    // The parts at once where they fit on a line, else by the name of all of them.
    private string[] Split(Statement.Split split, TracedStatement traced)
    {
        string[] parts = [.. split.Parts];
        var (names, shape) = (string.Join(", ", parts), $"{parts.Length} x {Shape.Text(traced.Values[1].Shape)}");
        string[] Chunk(string target) =>
            PythonText.WithShape($"{target} = {Receiver(split.Value)}.chunk({parts.Length}, dim=-1)", shape, Columns);
        return Chunk(names) is [var line] ? [line] : [.. Chunk(split.Name), $"{names} = {split.Name}"];
    }

    private IEnumerable<string> Loop(Statement.ForEach loop, TracedStatement traced)
    {
        var (each, streams) = (PythonMember.Each(loop.List), string.Join(", ", loop.Streams));
        string[] taken = loop.Skip == Skip.Pop ? ["skips.pop()"] : [];
        string[] arguments = [.. loop.Streams, .. loop.Arguments.Select(Expression), .. taken];
        var isFirst = loop.Equals(module.Body.OfType<Statement.ForEach>().FirstOrDefault(static one => one.Skip == Skip.Push));
        return
        [
            .. isFirst ? new[] { "skips = []" } : [],
            $"for {each} in self.{loop.List}:",
            .. WithShape($"    {streams} = {each}({string.Join(", ", arguments)})", traced),
            .. loop.Skip == Skip.Push ? new[] { $"    skips.append({loop.Streams[0]})" } : [],
        ];
    }

    private string List(IEnumerable<Value> values) => string.Join(", ", values.Select(Expression));

    // What a method is called on, or a product is made of: a sum or a product in parentheses.
    private string Receiver(Value value) =>
        value is Value.Add or Value.Gated or Value.Modulate { Shift: null } ? $"({Expression(value)})" : Expression(value);

    private string Expression(Value value) => value switch
    {
        Value.Name name => name.Text,
        Value.Parameter parameter => $"self.{parameter.Table}",
        Value.Call call => Call(call),
        Value.Add add => $"{Expression(add.Left)} + {Receiver(add.Right)}",
        Value.Modulate { Shift: { } shift } modulate =>
            $"modulate(self.{modulate.Norm}({Expression(modulate.X)}), {List([shift, modulate.Scale])})",
        Value.Modulate modulate => $"self.{modulate.Norm}({Expression(modulate.X)}) * (1 + {Expression(modulate.Scale)})",
        Value.Gated gated => $"{Expression(gated.X)} + {Receiver(gated.Gate)} * {Receiver(gated.Branch)}",
        Value.Activate { Kind: Activation.Silu } activate => $"F.silu({Expression(activate.X)})",
        Value.Activate { Kind: Activation.GeluTanh } activate => $"F.gelu({Expression(activate.X)}, approximate=\"tanh\")",
        Value.Activate activate => $"F.gelu({Expression(activate.X)})",
        Value.SwiGlu gate => $"swiglu({Expression(gate.X)})",
        Value.SelfAttention { IsPlain: false } attention =>
            $"qk_attention({Expression(attention.Qkv)}, heads={sizes.Heads(attention.Heads)}{Prepared(attention)})",
        Value.SelfAttention attention => $"self_attention({Expression(attention.Qkv)}, heads={sizes.Heads(attention.Heads)})",
        Value.CrossAttention { Mask: not null } attention =>
            $"masked_cross_attention({List(attention.Operands)}, heads={sizes.Heads(attention.Heads)})",
        Value.CrossAttention attention => $"cross_attention({List(attention.Operands)}, heads={sizes.Heads(attention.Heads)})",
        Value.AddTable add => $"add_table({Expression(add.X)}, self.{add.Table})",
        Value.JoinTokens join => $"torch.cat([{List(join.Parts)}], dim=1)",
        Value.JoinFeatures join => $"torch.cat([{List(join.Parts)}], dim=-1)",
        Value.Tokens tokens => $"{Receiver(tokens.X)}[:, {Range(tokens)}]",
        Value.AsToken token => $"{Receiver(token.X)}.unsqueeze(1)",
        Value.MeanOfTokens mean => $"{Receiver(mean.X)}.mean(dim=1)",
        Value.Sinusoid time => $"timestep_features({Expression(time.T)}, {time.Features}, intervals={time.Intervals})",
        Value.FillDropped { X: Value.Name x, Table: { } table } => $"fill_dropped({x.Text}, {Flags(x.Text)}, self.{table})",
        Value.FillDropped fill => Expression(fill.X),
        Value.Unpatchify patches => $"unpatchify({Expression(patches.X)}, rows={patches.Rows}, columns={patches.Columns}, "
            + $"patch={patches.Patch}, channels={patches.Channels})",
        _ => throw new InvalidOperationException($"Unknown operation {value}."),
    };

    private string Prepared(Value.SelfAttention attention) => string.Concat(
        attention.QueryNorm is { } query ? $", q_norm=self.{query}" : "",
        attention.KeyNorm is { } key ? $", k_norm=self.{key}" : "",
        attention.Rotary is { } rotary ? $", rotary={Expression(rotary)}" : "");

    private string Range(Value.Tokens tokens) => tokens.First.Size == 0
        ? $":{sizes.Of(tokens.Count)}"
        : $"{sizes.Of(tokens.First)} : {sizes.Of(tokens.First + tokens.Count)}";

    private string Call(Value.Call call) => module.Find(call.Member) switch
    {
        Member.Patches => $"self.{call.Member}({List(call.Arguments)}).flatten(2).transpose(1, 2)",
        Member.Child child => $"self.{call.Member}({string.Join(", ", [List(call.Arguments), .. Flags(child.Module, call.Arguments)])})",
        _ => $"self.{call.Member}({List(call.Arguments)})",
    };

    private IEnumerable<string> Flags(Module called, IReadOnlyList<Value> given) => Passed(called, given)
        .Where(pair => module.Arguments.Any(argument => argument.Name == pair.Value && argument.Kind == ValueKind.Droppable))
        .Select(static pair => $"{Flags(pair.Argument)}={Flags(pair.Value)}");
}
