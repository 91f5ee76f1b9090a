namespace Dit.Spec;

/// <summary>
/// Runs a description on shapes. A value that does not fit has no shape, and what is made of it is not checked.
/// </summary>
internal sealed class Evaluator
{
    private readonly List<ShapeError> errors = [];

    public IReadOnlyList<ShapeError> Errors => errors;

    public Evaluation Run(Module module, string path, IReadOnlyList<Traced> arguments)
    {
        var scope = new Scope(this, module, path);
        for (var i = 0; i < module.Arguments.Count; i++) scope.Names[module.Arguments[i].Name] = arguments[i];
        return new(module, path, arguments, [.. module.Body.Select(scope.Run)]);
    }

    /// <summary>The statements of one module.</summary>
    private sealed class Scope(Evaluator evaluator, Module module, string path)
    {
        private string statement = "";

        public Dictionary<string, Traced> Names { get; } = [];

        private Stack<Traced> Skips { get; } = [];

        public TracedStatement Run(Statement next)
        {
            statement = next.Label;
            return next switch
            {
                Statement.Let let => new(let, [Names[let.Name] = Lettered(Of(let.Value), let.Shape)], []),
                Statement.Split split => Run(split),
                Statement.ForEach loop => Run(loop),
                Statement.Return result => new(result, [.. result.Values.Select(Of)], []),
                _ => throw new InvalidOperationException($"Unknown statement {next}."),
            };
        }

        // A sequence that is put together gets a letter of its own: M for a timestep and a text.
        private Traced Lettered(Traced value, EquatableArray<Dim> shape) =>
            shape.Count == 0 || value.Shape.Count == 0 ? value
            : shape.Select(static side => side.Size).SequenceEqual(value.Shape.Select(static side => side.Size)) ? value.As(shape)
            : Fail($"{Spec.Shape.Text(value.Shape)} is not {Spec.Shape.Text(shape)}");

        private TracedStatement Run(Statement.Split split)
        {
            var (whole, names) = (Of(split.Value), split.Parts.ToArray());
            var shape = whole.Shape.Count == 0 ? default : Shape(ShapeRules.Split(names.Length, whole.Shape));
            var parts = names.Select(name => Names[name] = new Traced(split.Value, shape, [whole], path: path)).ToArray();
            return new(split, [whole, .. parts], []);
        }

        private TracedStatement Run(Statement.ForEach loop)
        {
            if (module.Find(loop.List) is not Member.Repeated list) return new(loop, [Fail($"{module.Type} has no list {loop.List}")], []);
            var streams = loop.Streams.Select(name => Of(name)).ToArray();
            var others = loop.Arguments.Select(Of).ToArray();
            var inside = new List<Evaluation>();
            for (var i = 0; i < list.Count; i++)
            {
                var skip = loop.Skip != Skip.Pop ? [] : Skips.Count > 0 ? [Skips.Pop()] : new[] { Fail("no skip is left on the stack") };
                var (results, evaluation) = Call(list.Module, $"{Below(loop.List)}.{i}", [.. streams, .. others, .. skip]);
                if (evaluation is null) break;
                inside.Add(evaluation);
                for (var s = 0; s < streams.Length; s++) RequireSame(loop.Streams[s], streams[s], results, s);
                streams = [.. results.Take(streams.Length)];
                if (loop.Skip == Skip.Push && streams.Length > 0) Skips.Push(streams[0]);
            }
            for (var s = 0; s < streams.Length; s++) Names[loop.Streams[s]] = streams[s];
            return new(loop, streams, inside);
        }

        private void RequireSame(string name, Traced before, IReadOnlyList<Traced> results, int at)
        {
            if (at >= results.Count) Fail($"a module of {statement} gives nothing for {name}");
            else if (results[at].Shape.Count > 0 && before.Shape.Count > 0 && results[at].Shape != before.Shape)
                Fail(
                    $"a module of {statement} takes {name} as {Spec.Shape.Text(before.Shape)} and gives "
                        + $"{Spec.Shape.Text(results[at].Shape)}");
        }

        private Traced Of(Value value) => value switch
        {
            Value.Name name => Names.TryGetValue(name.Text, out var known) ? known : Fail($"nothing is called {name.Text}"),
            Value.Parameter parameter => module.Find(parameter.Table) is Member.Table table
                ? new(value, table.Sides, [], table, path: Below(table.Name))
                : Fail($"{module.Type} has no table {parameter.Table}"),
            Value.Call call => Of(call),
            Value.Modulate modulate => module.Find(modulate.Norm) is Member.Norm norm
                ? Made(
                    value,
                    modulate.Operands,
                    x => ShapeRules.Modulate(norm, x[0], modulate.Shift is null ? null : x[1], x[x.Count - 1]),
                    norm,
                    Below(norm.Name))
                : Fail($"{module.Type} has no norm {modulate.Norm}"),
            Value.FillDropped fill when fill.Table is { } name => module.Find(name) is Member.Table table
                ? Made(value, [fill.X], x => ShapeRules.FillDropped(x[0], table), table, Below(name))
                : Fail($"{module.Type} has no table {name}"),
            Value.AddTable add => module.Find(add.Table) is Member.Table table
                ? Made(value, [add.X], x => ShapeRules.AddTable(x[0], table), table, Below(table.Name))
                : Fail($"{module.Type} has no table {add.Table}"),
            _ => OfOperation(value),
        };

        private Traced OfOperation(Value value) => value switch
        {
            Value.Add add => Made(value, [add.Left, add.Right], static x => ShapeRules.Add(x[0], x[1])),
            Value.Gated gated => Made(value, [gated.X, gated.Gate, gated.Branch], static x => ShapeRules.Gated(x[0], x[1], x[2])),
            Value.Activate activate => Made(value, [activate.X], static x => new Fit.Gives(x[0])),
            Value.SwiGlu gate => Made(value, [gate.X], static x => ShapeRules.SwiGlu(x[0])),
            Value.SelfAttention attention => Of(attention),
            Value.CrossAttention attention =>
                Made(
                    value,
                    attention.Operands,
                    x => ShapeRules.CrossAttention(attention.Heads, x[0], x[1], attention.Mask is null ? null : x[2])),
            Value.JoinTokens join => Made(value, join.Parts, ShapeRules.JoinTokens),
            Value.JoinFeatures join => Made(value, join.Parts, ShapeRules.JoinFeatures),
            Value.Tokens tokens => Made(value, [tokens.X], x => ShapeRules.Tokens(x[0], tokens.First, tokens.Count)),
            Value.AsToken token => Made(value, [token.X], static x => ShapeRules.AsToken(x[0])),
            Value.MeanOfTokens mean => Made(value, [mean.X], static x => ShapeRules.MeanOfTokens(x[0])),
            Value.Sinusoid sinusoid => Made(value, [sinusoid.T], x => ShapeRules.Sinusoid(sinusoid.Features, x[0])),
            Value.FillDropped fill => Made(value, [fill.X], static x => ShapeRules.FillDropped(x[0], null)),
            Value.Unpatchify patches => Made(value, [patches.X], x => ShapeRules.Unpatchify(patches, x[0])),
            _ => throw new InvalidOperationException($"Unknown operation {value}."),
        };

        private Traced Of(Value.SelfAttention attention)
        {
            var norms = attention.Norms.Select(module.Find).OfType<Member.Norm>().ToArray();
            return norms.Length == attention.Norms.Count()
                ? Made(
                    attention,
                    attention.Operands,
                    x => ShapeRules.SelfAttention(attention.Heads, x[0], norms, attention.Rotary is null ? null : x[1]))
                : Fail($"{module.Type} has no norm {attention.Norms.First(name => module.Find(name) is not Member.Norm)}");
        }

        private Traced Of(Value.Call call)
        {
            Traced By(Func<IReadOnlyList<EquatableArray<Dim>>, Fit> rule, Member member) =>
                call.Arguments.Count == 1
                    ? Made(call, call.Arguments, rule, member, Below(member.Name))
                    : Fail($"{member.Name} takes one argument");

            return module.Find(call.Member) switch
            {
                Member.Linear linear => By(x => ShapeRules.Linear(linear, x[0]), linear),
                Member.Patches patches => By(x => ShapeRules.Patches(patches, x[0]), patches),
                Member.Convolution convolution => By(x => ShapeRules.Convolution(convolution, x[0]), convolution),
                Member.Norm norm => By(x => ShapeRules.Norm(norm, x[0]), norm),
                Member.Embedding embedding => By(x => ShapeRules.Embedding(embedding, x[0]), embedding),
                Member.Chain chain => call.Arguments.Count == 1
                    ? Linked(call, chain, Of(call.Arguments[0]))
                    : Fail($"{chain.Name} takes one argument"),
                Member.Child child => OfChild(call, child),
                _ => Fail($"{module.Type} has no layer {call.Member}"),
            };
        }

        private Traced OfChild(Value.Call call, Member.Child child)
        {
            var arguments = call.Arguments.Select(Of).ToArray();
            var (results, inside) = Call(child.Module, Below(child.Name), arguments);
            return inside is null ? new(call, default, arguments, child)
                : results.Count == 1 ? new(call, results[0].Shape, arguments, child, inside, Below(child.Name))
                : Fail($"{child.Name} gives {results.Count} values, where one is used");
        }

        private Traced Linked(Value.Call call, Member.Chain chain, Traced x)
        {
            for (var i = 0; i < chain.Links.Count; i++)
            {
                var at = $"{Below(chain.Name)}.{i}";
                x = chain.Links[i] switch
                {
                    _ when x.Shape.Count == 0 => x,
                    Member.Linear linear => new(
                        call,
                        Shape(ShapeRules.Linear(linear with { Name = $"{chain.Name}.{i}" }, x.Shape)),
                        [x],
                        linear,
                        path: at),
                    Member.Activate activate => new(new Value.Activate(activate.Kind, call), x.Shape, [x], activate, path: at),
                    _ => Fail($"{chain.Name} holds linear layers and activations only"),
                };
            }
            return x;
        }

        // Letters of the declared shapes are bound by what is given: the T of an attention layer is T + M tokens where
        // these are passed.
        private (IReadOnlyList<Traced> Results, Evaluation? Evaluation) Call(Module called, string name, IReadOnlyList<Traced> given)
        {
            if (given.Any(static value => value.Shape.Count == 0)) return ([], null);
            if (given.Count != called.Arguments.Count)
            {
                Fail($"{called.Type} takes {called.Arguments.Count} arguments, and is given {given.Count}");
                return ([], null);
            }
            var letters = new Dictionary<string, Dim>();
            for (var i = 0; i < given.Count; i++)
                if (!Binds(called.Arguments[i].Shape, given[i].Shape, letters))
                {
                    Fail(
                        $"{called.Type} takes {called.Arguments[i].Name} as {Spec.Shape.Text(called.Arguments[i].Shape)}, and is given "
                            + $"{Spec.Shape.Text(given[i].Shape)}");
                    return ([], null);
                }
            var evaluation = evaluator.Run(called, name, given);
            return (evaluation.Results, evaluation);
        }

        private static bool Binds(EquatableArray<Dim> declared, EquatableArray<Dim> given, Dictionary<string, Dim> letters)
        {
            if (declared.Count != given.Count) return false;
            for (var i = 0; i < declared.Count; i++)
                if (declared[i].IsLetter && !letters.ContainsKey(declared[i].Letters[0].Name))
                    letters.Add(declared[i].Letters[0].Name, given[i]);
            return declared.Zip(given, (one, other) => one.With(letters) == other).All(static same => same);
        }

        private Traced Made(
            Value value,
            IEnumerable<Value> operands,
            Func<IReadOnlyList<EquatableArray<Dim>>, Fit> rule,
            Member? member = null,
            string? name = null)
        {
            var traced = operands.Select(Of).ToArray();
            var shape = traced.All(static operand => operand.Shape.Count > 0)
                ? Shape(rule([.. traced.Select(static operand => operand.Shape)]))
                : default;
            return new(value, shape, traced, member, path: name ?? path);
        }

        private EquatableArray<Dim> Shape(Fit fit) => fit.Match(static shape => shape, because => Fail(because).Shape);

        private Traced Fail(string because)
        {
            evaluator.errors.Add(new(module.Type, path, statement, because));
            return new(null, default, []);
        }

        private string Below(string name) => path.Length == 0 ? name : $"{path}.{name}";
    }
}
