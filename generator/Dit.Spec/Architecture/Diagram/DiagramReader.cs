namespace Dit.Spec;

/// <summary>Reads an evaluated module as a column of boxes, and what enters it from the side.</summary>
/// <remarks>
/// The column holds what depends on the streams: as many of the first arguments as the module gives values, for these
/// pass through it. All else is the condition's.
/// </remarks>
internal sealed class DiagramReader
{
    private readonly Evaluation evaluation;
    private readonly HashSet<Traced> streams;
    private readonly Dictionary<Traced, string> names = [];
    private readonly Dictionary<Traced, TracedStatement> splits = [], loops = [];
    private readonly Dictionary<object, DiagramItem> placed = [];
    private readonly Dictionary<Traced, bool> onStream = [];
    private readonly Dictionary<Traced, DiagramSource> sources = [];
    private readonly List<DiagramItem> items = [];

    public DiagramReader(Evaluation evaluation)
    {
        this.evaluation = evaluation;
        streams = [.. evaluation.Arguments.Take(evaluation.Results.Count)];
        for (var i = 0; i < evaluation.Arguments.Count; i++) names[evaluation.Arguments[i]] = evaluation.Module.Arguments[i].Name;
        foreach (var statement in evaluation.Statements) Remember(statement);
    }

    /// <summary>The boxes of the column, from the bottom to the top.</summary>
    public IReadOnlyList<DiagramItem> Items => items;

    /// <summary>Where arrows from the side come from, in the order in which they are read.</summary>
    public IEnumerable<DiagramSource> Sources => items.SelectMany(static item => item.Sides).Select(static side => side.Source).Distinct();

    /// <summary>The boxes of the results.</summary>
    public IReadOnlyList<DiagramItem> Read() => [.. evaluation.Results.Select(Place)];

    private void Remember(TracedStatement statement)
    {
        switch (statement.Statement)
        {
            case Statement.Let let when !names.ContainsKey(statement.Values[0]): names[statement.Values[0]] = let.Name; break;
            case Statement.Split split:
                foreach (var (value, name) in statement.Values.Skip(1).Zip(split.Parts, static (value, name) => (value, name)))
                    (names[value], splits[value]) = (name, statement);
                break;
            case Statement.ForEach loop when statement.Inside.Count > 0:
                foreach (var (value, name) in statement.Values.Zip(loop.Streams, static (value, name) => (value, name)))
                    (names[value], loops[value]) = (name, statement);
                break;
        }
    }

    private DiagramItem Place(Traced value) =>
        placed.TryGetValue(value, out var known) ? known
        : loops.TryGetValue(value, out var loop) ? Once(loop, value, () => Loop(loop, value))
        : splits.TryGetValue(value, out var split)
            ? Once(split, value, () => Add(new("Split", split.Statement.Label, "", DiagramKind.Operation), value, [split.Values[0]]))
        : placed[value] = New(value);

    // Values of one statement leave one box.
    private DiagramItem Once(TracedStatement statement, Traced value, Func<DiagramItem> make)
    {
        if (!placed.TryGetValue(statement, out var item)) placed[statement] = item = make();
        return placed[value] = item;
    }

    private DiagramItem New(Traced value) => (value.Operation, value.Member) switch
    {
        (null, _) => Add(DiagramLabels.Argument(Argument(value)), value, []),
        (Value.Modulate modulate, Member.Norm norm) => Then(
            Add(DiagramLabels.Of(norm), value, [value.Operands[0]], isNamed: false),
            DiagramLabels.Modulation(modulate), value, [.. value.Operands.Skip(1)]),
        (Value.Gated, _) => Gated(value),
        _ => Add(DiagramLabels.Of(value), value, value.Operands),
    };

    private DiagramItem Gated(Traced value)
    {
        var x = IsOnStream(value.Operands[0]) ? Place(value.Operands[0]) : null;
        var scaled = Add(new("Scale", "", "", DiagramKind.Modulation), value, [value.Operands[2], value.Operands[1]], isNamed: false);
        return x is null
            ? Then(scaled, DiagramLabels.Sum, value, [value.Operands[0]])
            : Put(new(DiagramLabels.Sum, [x, scaled], [], Output(value)));
    }

    private DiagramItem Loop(TracedStatement statement, Traced value)
    {
        var loop = (Statement.ForEach)statement.Statement;
        var list = (Member.Repeated)evaluation.Module.Find(loop.List)!;
        var note = loop.Skip switch { Skip.Push => "each leaves a long skip", Skip.Pop => "each takes a long skip", _ => "" };
        return Add(
            new($"{list.Count} x {list.Module.Type}", list.Name, note, DiagramKind.Module), value,
            [.. statement.Inside[0].Arguments.Take(loop.Streams.Count + loop.Arguments.Count)]);
    }

    private DiagramItem Add(DiagramLabel label, Traced value, IReadOnlyList<Traced> operands, bool isNamed = true)
    {
        DiagramItem[] inputs = [.. operands.Where(IsOnStream).Select(Place)];
        return Put(new(label, inputs, Sides(operands), isNamed ? Output(value) : Shape.Text(value.Shape)));
    }

    private DiagramItem Then(DiagramItem below, DiagramLabel label, Traced value, IReadOnlyList<Traced> operands)
    {
        DiagramItem[] inputs = [below, .. operands.Where(IsOnStream).Select(Place)];
        return Put(new(label, inputs, Sides(operands), Output(value)));
    }

    private DiagramItem Put(DiagramItem item)
    {
        items.Add(item);
        return item;
    }

    private string Output(Traced value) =>
        names.TryGetValue(value, out var name) ? $"{name}  {Shape.Text(value.Shape)}" : Shape.Text(value.Shape);

    private bool IsOnStream(Traced value)
    {
        if (onStream.TryGetValue(value, out var known)) return known;
        var operands = loops.TryGetValue(value, out var loop) ? loop.Inside[0].Arguments : value.Operands;
        return onStream[value] = streams.Contains(value) || operands.Any(IsOnStream);
    }

    private IReadOnlyList<DiagramSide> Sides(IEnumerable<Traced> operands) =>
        [.. operands.Where(operand => !IsOnStream(operand)).Select(operand => new DiagramSide(
            Source(splits.TryGetValue(operand, out var split) ? split.Values[0] : operand),
            names.TryGetValue(operand, out var name) ? name : "", Shape.Text(operand.Shape)))];

    private DiagramSource Source(Traced value)
    {
        if (sources.TryGetValue(value, out var known)) return known;
        var made = new List<Traced>();
        Collect(value, made);
        return sources[value] = new(
            [.. made.Where(static one => one.Operation is not null and not Value.AsToken).Reverse().SelectMany(DiagramLabels.Lines)],
            [.. made.Where(static one => one.Operation is null).Select(one => $"{Argument(one).Name}  {Shape.Text(one.Shape)}")]);
    }

    private static void Collect(Traced value, List<Traced> made)
    {
        foreach (var operand in value.Operands) Collect(operand, made);
        if (!made.Contains(value)) made.Add(value);
    }

    private Argument Argument(Traced value)
    {
        var index = evaluation.Arguments.TakeWhile(argument => argument != value).Count();
        return index < evaluation.Module.Arguments.Count
            ? evaluation.Module.Arguments[index]
            : throw new InvalidOperationException($"{evaluation.Module.Type}: a value has no shape.");
    }
}
