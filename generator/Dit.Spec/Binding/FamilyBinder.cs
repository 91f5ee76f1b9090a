namespace Dit.Spec;

/// <summary>A file's mapping to its models: one, or every member of a family.</summary>
/// <remarks>
/// A family is expanded before it is bound: each member is the file's mapping with the keys of its matrix cell put in,
/// every node still knowing where it stands, so that one binder serves both and errors point into the cell.
/// </remarks>
internal static class FamilyBinder
{
    public static Result<EquatableArray<DeclaredModel>> Bind(MappingNode root) => root["family"] is null && root["matrix"] is null
        ? ModelBinder.Bind(root, "model").Select(static model => EquatableArray.Of(model))
        : BindFamily(root);

    private static Result<EquatableArray<DeclaredModel>> BindFamily(MappingNode root)
    {
        var top = new Fields(root, "", ["family", "matrix", .. ModelBinder.Keys]);
        var template = top.Text("family", "a name with a placeholder for each axis of the matrix, such as DiT-{size}/{patch_size}");
        var axes = top.Nested("matrix", required: true, keys: null).Then(Axes);
        var name = (template, axes).Apply(static (text, list) => (text, list)).Ensure(family => Placeholders(top, family.text, family.list));
        // Members are bound whatever the family's name is like, so that their errors are reported with its own.
        var members = axes.Then(list => Result.All(Combinations(list).Select(cell => ModelBinder.Bind(Member(root, cell), "family"))));
        return (top.OnlyAllowed(), name, members).Apply(static (_, _, models) => models);
    }

    private static Result<EquatableArray<Axis>> Axes(Fields matrix) => matrix.Entries.Any()
        ? (matrix.OnlyAllowed(), Result.All(matrix.Entries.Select(static entry => ReadAxis(entry.Key, entry.Value)))).Apply(static (_, axes) => axes)
        : Result.Fail<EquatableArray<Axis>>(new(Rule.BadMatrix, "'matrix' has no axes; add one, such as patch_size: [2, 4, 8]", matrix.At("")));

    // An axis is a list of values for the key it is named after, or a mapping of names to the keys that each name stands for.
    private static Result<Axis> ReadAxis(ScalarNode key, SpecNode value) => (value switch
    {
        ListNode { Items.Count: > 0 } list when list.Items.All(static i => i is ScalarNode) =>
            Result.Of(new Axis(key.Text, [.. list.Items.Cast<ScalarNode>().Select(i => new AxisValue(i.Text, i.At, [new SpecEntry(key, i)]))])),
        MappingNode { Entries.Count: > 0 } names when names.Entries.All(static e => e.Value is MappingNode) =>
            Result.Of(new Axis(key.Text, [.. names.Entries.Select(static e => new AxisValue(e.Key.Text, e.Key.At, ((MappingNode)e.Value).Entries))])),
        _ => Result.Fail<Axis>(new(
            Rule.BadMatrix,
            $"Axis '{key.Text}' of the matrix must be a list of values, [2, 4, 8], or a mapping of names to keys, S: {{ depth: 12 }}; it is {value.Kind}",
            value.At)),
    }).Ensure(static axis => axis.Values.GroupBy(static v => v.Name).SelectMany(static same => same.Skip(1)).Select(twice => new SpecError(
        Rule.DuplicateKey, $"'{twice.Name}' stands twice in the axis '{axis.Name}'; keep one of them", twice.At)));

    private static IEnumerable<SpecError> Placeholders(Fields top, string template, EquatableArray<Axis> axes)
    {
        var at = top.At("family");
        foreach (var axis in axes.Where(axis => !template.Contains(axis.Placeholder)))
            yield return new(Rule.BadName, $"The family's name '{template}' does not say {axis.Placeholder}, so its members would share a name; put {axis.Placeholder} into it", at);

        var rest = axes.Aggregate(template, static (text, axis) => text.Replace(axis.Placeholder, ""));
        var open = rest.IndexOf('{');
        if (open >= 0)
            yield return new(
                Rule.BadName,
                $"The family's name '{template}' has the placeholder {rest.Substring(open, Math.Max(1, rest.IndexOf('}', open) - open + 1))}, which is no axis of the matrix; the axes are {string.Join(", ", axes.Select(static a => a.Placeholder))}",
                at);
    }

    private static IEnumerable<IReadOnlyList<(Axis Axis, AxisValue Value)>> Combinations(EquatableArray<Axis> axes) => axes.Aggregate(
        (IEnumerable<IReadOnlyList<(Axis, AxisValue)>>)[[]],
        static (cells, axis) => cells.SelectMany(cell => axis.Values.Select(value => (IReadOnlyList<(Axis, AxisValue)>)[.. cell, (axis, value)])));

    private static MappingNode Member(MappingNode root, IReadOnlyList<(Axis Axis, AxisValue Value)> cell)
    {
        var shared = root.Entries.Where(static e => e.Key.Text is not "matrix").Select(e => e.Key.Text == "family" && e.Value is ScalarNode family
            ? e with { Value = family with { Text = cell.Aggregate(family.Text, static (text, c) => text.Replace(c.Axis.Placeholder, c.Value.Name)) } }
            : e);
        return root with { Entries = [.. shared, .. cell.SelectMany(static c => c.Value.Entries)], Place = cell[0].Value.At };
    }

    private sealed record Axis(string Name, IReadOnlyList<AxisValue> Values)
    {
        public string Placeholder => $"{{{Name}}}";
    }

    private sealed record AxisValue(string Name, TextRange At, IReadOnlyList<SpecEntry> Entries);
}
