using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The statements of a module in C#, each with the shape of what it makes.</summary>
internal static class BodyCode
{
    /// <summary>The local variable of the grid of patches, in a network that takes images of any size.</summary>
    public const string Grid = "grid";

    private const int MostArguments = 5; // of a block that the runtime calls

    /// <summary>All statements, a line or more each.</summary>
    public static IEnumerable<string> Lines(Evaluation evaluation) =>
        evaluation.Statements.SelectMany(one => Lines(evaluation.Module, one));

    /// <summary>The statements of these names.</summary>
    public static IEnumerable<string> Lines(Evaluation evaluation, IEnumerable<Statement> statements) =>
        evaluation.Statements.Where(one => statements.Contains(one.Statement)).SelectMany(one => Lines(evaluation.Module, one));

    /// <summary>Whether an eps is the one that the runtime takes where nothing is said.</summary>
    public static bool IsOfficial(double eps) => eps == 1e-6;

    private static IEnumerable<string> Lines(Module module, TracedStatement traced) => traced.Statement switch
    {
        Statement.Let let => [$"{(IsNew(module, let) ? "var " : "")}{let.Name} = {Expression(module, let.Value)}; // {Shapes(traced)}"],
        Statement.Split split => Split(module, split, traced),
        Statement.ForEach loop => Loop(module, loop, traced),
        Statement.Return { Values: [var value] } => [$"return {Receiver(module, value)}.MoveToOuterDisposeScope(); // {Shapes(traced)}"],
        Statement.Return values =>
            [$"return ({string.Join(", ", values.Values.Select(value => $"{Receiver(module, value)}.MoveToOuterDisposeScope()"))}); // {Shapes(traced)}"],
        _ => throw new InvalidOperationException($"Unknown statement {traced.Statement}."),
    };

    private static bool IsNew(Module module, Statement.Let let) =>
        module.Arguments.All(argument => argument.Name != let.Name)
        && module.Body.OfType<Statement.Let>().First(other => other.Name == let.Name).Equals(let);

    private static string Shapes(TracedStatement traced) =>
        string.Join(", ", traced.Values.Select(static value => Shape.Text(value.Shape)));

    private static IEnumerable<string> Split(Module module, Statement.Split split, TracedStatement traced)
    {
        var count = split.Parts.Count();
        yield return $"var {split.Name} = {Receiver(module, split.Value)}.chunk({count}, dim: -1); // {count} x "
            + $"{Shape.Text(traced.Values[1].Shape)}";
        var index = 0;
        foreach (var group in split.Groups)
        {
            yield return group.Count == 1
                ? $"var {group[0]} = {split.Name}[{index++}];"
                : $"var ({string.Join(", ", group)}) = ({string.Join(", ", group.Select(_ => $"{split.Name}[{index++}]"))});";
        }
    }

    // What went in is freed when a module returns, unless something else holds it: the stack of long skips, or a second
    // name.
    private static IEnumerable<string> Loop(Module module, Statement.ForEach loop, TracedStatement traced)
    {
        var each = MemberCode.Each(loop.List);
        var frees =
            loop.Skip != Skip.Push
            && !module.Body.OfType<Statement.Let>().Any(let => let.Value is Value.Name name && loop.Streams.Contains(name.Text));
        string[] before = [.. loop.Streams.Select(name => !frees ? name : loop.Streams.Count == 1 ? "previous" : $"{name}Before")];
        string[] arguments =
        [
            .. before,
            .. loop.Arguments.Select(argument => Expression(module, argument)),
            .. loop.Skip == Skip.Pop ? new[] { "skip" } : [],
        ];
        if (loop.Equals(module.Body.OfType<Statement.ForEach>().FirstOrDefault(static one => one.Skip == Skip.Push)))
            yield return "var skips = new Stack<Tensor>();";
        yield return $"foreach (var {each} in {loop.List})";
        yield return "{";
        if (loop.Skip == Skip.Pop) yield return "    using var skip = skips.Pop();";
        if (frees) yield return $"    var {Tuple(before)} = {Tuple(loop.Streams)};";
        var called = loop.Streams.Count == 1 ? Block(each, arguments) : $"{each}.call({string.Join(", ", arguments)})";
        yield return $"    {Tuple(loop.Streams)} = {called}; // {Shapes(traced)}";
        if (loop.Skip == Skip.Push) yield return $"    skips.Push({loop.Streams[0]});";
        foreach (var name in frees ? before : []) yield return $"    {name}.Dispose();";
        yield return "}";
    }

    // The runtime calls a block: training may compute it twice, or in a different type.
    private static string Block(string block, IReadOnlyList<string> arguments) => arguments.Count <= MostArguments
        ? $"TransformerBlock.Call({block}, {string.Join(", ", arguments)})"
        : $"{block}.call({string.Join(", ", arguments)})";

    private static string Tuple(IReadOnlyList<string> names) => names.Count == 1 ? names[0] : $"({string.Join(", ", names)})";

    // What a method is called on: a sum in parentheses.
    private static string Receiver(Module module, Value value) =>
        value is Value.Add ? $"({Expression(module, value)})" : Expression(module, value);

    private static string Expression(Module module, Value value)
    {
        string Of(Value operand) => Expression(module, operand);
        string List(IEnumerable<Value> operands) => string.Join(", ", operands.Select(Of));

        return value switch
        {
            Value.Name name => name.Text,
            Value.Parameter parameter when Description.PlacesOf(module)?.Name == parameter.Table =>
                $"Positions.At({parameter.Table}, {Grid})",
            Value.Parameter parameter => parameter.Table,
            Value.Call call => Call(module, call, List(call.Arguments)),
            Value.Add add => $"{Of(add.Left)} + {Of(add.Right)}",
            Value.Modulate modulate => Modulate(module, modulate, Of),
            Value.Gated gated => $"Functional.GatedResidual({List(gated.Operands)})",
            Value.Activate { Kind: Activation.GeluTanh } activate => $"Functional.Gelu({Of(activate.X)})",
            Value.Activate { Kind: Activation.Silu } activate => $"nn.functional.silu({Of(activate.X)})",
            Value.Activate activate => $"nn.functional.gelu({Of(activate.X)})",
            Value.SwiGlu gate => $"Functional.SwiGlu({Of(gate.X)})",
            Value.SelfAttention attention =>
                $"Functional.Attention({Of(attention.Qkv)}, heads: {attention.Heads}"
                    + (attention.QueryNorm is { } query ? $", queryNorm: {query}" : "")
                    + (attention.KeyNorm is { } key ? $", keyNorm: {key}" : "")
                    + (attention.Rotary is { } rotary ? $", rotary: {Of(rotary)})" : ")"),
            Value.CrossAttention attention => $"Functional.CrossAttention({List(attention.Operands)}, heads: {attention.Heads})",
            Value.AddTable table => $"Functional.AddTable({Of(table.X)}, {table.Table})",
            Value.JoinTokens join => $"cat([{List(join.Parts)}], dim: 1)",
            Value.JoinFeatures join => $"cat([{List(join.Parts)}], dim: -1)",
            Value.Tokens tokens =>
                $"{Receiver(module, tokens.X)}.narrow(1, {Length(module, tokens.First)}, {Length(module, tokens.Count)})",
            Value.AsToken token => $"{Receiver(module, token.X)}.unsqueeze(1)",
            Value.MeanOfTokens mean => $"{Receiver(module, mean.X)}.mean([1])",
            Value.Sinusoid time =>
                $"TimestepEmbedder.Sinusoid({Of(time.T)}, intervals: {time.Intervals}, features: "
                    + $"{time.Features}).to({Weights(module)}.dtype)",
            Value.FillDropped fill =>
                $"Functional.FillDropped({Of(fill.X)}, {fill.Table ?? "null"}, {Weights(module)}.dtype)",
            Value.Unpatchify patches when Description.PlacesOf(module) is not null =>
                $"Functional.Unpatchify({Of(patches.X)}, {Grid}.Rows, {Grid}.Columns, patch: {patches.Patch}, channels: "
                    + $"{patches.Channels})",
            Value.Unpatchify patches =>
                $"Functional.Unpatchify({Of(patches.X)}, rows: {patches.Rows}, columns: {patches.Columns}, patch: {patches.Patch}, "
                    + $"channels: {patches.Channels})",
            _ => throw new InvalidOperationException($"{module.Type}: the operation {value} is for the runtime's own modules."),
        };
    }

    // Where a network takes images of any size, its patches are counted when it runs. They are known by their letter: a
    // text may have as many tokens.
    private static string Length(Module module, Dim tokens)
    {
        var patches = Description.PlacesOf(module)?.Places?.Patches.Letters.Single();
        if (patches is null || !tokens.Letters.Contains(patches)) return $"{tokens.Size}";
        var others = tokens.Size - patches.Size;
        return others == 0 ? $"{Grid}.Patches" : $"{others} + {Grid}.Patches";
    }

    // What tells the type of the module's numbers.
    private static string Weights(Module module) =>
        module.Members.OfType<Member.Table>().FirstOrDefault() is { } table ? table.Name
        : module.Members.OfType<Member.Linear>().FirstOrDefault() is { } linear ? $"{linear.Name}.weight"
        : throw new InvalidOperationException($"{module.Type} has no table and no linear layer that tells the type of its numbers.");

    private static string Call(Module module, Value.Call call, string arguments) => module.Find(call.Member) switch
    {
        Member.Linear => $"Functional.Linear({call.Member}, {arguments})",
        Member.Norm norm => Norm(norm, arguments),
        { } rotary when Description.IsRotary(rotary) && Description.PlacesOf(module) is not null => $"{call.Member}.call({Grid})",
        { } member when module.IsBlock(member) => Block(call.Member, [arguments]),
        _ => $"{call.Member}.call({arguments})",
    };

    private static string Norm(Member.Norm norm, string x) => norm switch
    {
        { IsAffine: true } => $"{norm.Name}.call({x})",
        { Kind: NormKind.Rms } => $"Functional.RmsNorm({x}{Eps(norm)})",
        _ => $"Functional.LayerNorm({x}, {norm.Width.Size}{Eps(norm)})",
    };

    // A LayerNorm that is scaled and shifted is one function of the runtime.
    private static string Modulate(Module module, Value.Modulate modulate, Func<Value, string> of) =>
        (module.Find(modulate.Norm), modulate) switch
        {
            (Member.Norm { Kind: NormKind.Layer } norm, { Shift: { } shift }) =>
                $"Functional.Modulate({of(modulate.X)}, {of(shift)}, {of(modulate.Scale)}{Eps(norm)})",
            (Member.Norm norm, { Shift: { } shift }) =>
                $"Functional.ScaleShift({Norm(norm, of(modulate.X))}, {of(shift)}, {of(modulate.Scale)})",
            (Member.Norm norm, _) => $"Functional.Scale({Norm(norm, of(modulate.X))}, {of(modulate.Scale)})",
            _ => throw new InvalidOperationException($"{module.Type}: {modulate.Norm} is no norm."),
        };

    private static string Eps(Member.Norm norm) => IsOfficial(norm.Eps) ? "" : $", eps: {Code.Literal(norm.Eps)}";
}
