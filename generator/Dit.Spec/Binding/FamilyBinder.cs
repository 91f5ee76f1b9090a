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
        : Members(root).Then(static members => Result.All(members.Select(static member => ModelBinder.Bind(member, "family"))));

    private static Result<IReadOnlyList<MappingNode>> Members(MappingNode root) =>
        (new Fields(root, "", ["family", "matrix"]).Text("family", "a name with a placeholder for each axis of the matrix, such as DiT-{size}/{patch_size}"),
            new Fields(root, "", ["family", "matrix"]).Nested("matrix", required: true, keys: null).Then(Axes))
        .Apply(static (template, axes) => (template, axes))
        .Then(family => Placeholders(root, family.template, family.axes) is { Count: > 0 } errors
            ? new Result<IReadOnlyList<MappingNode>>.Failed(errors)
            : Result.Of<IReadOnlyList<MappingNode>>([.. Combinations(family.axes).Select(cell => Member(root, family.template, cell))]));

    private static Result<EquatableArray<Axis>> Axes(Fields matrix) => matrix.Entries.Any()
        ? Result.All(matrix.Entries.Select(static entry => ReadAxis(entry.Key, entry.Value)))
        : Result.Fail<EquatableArray<Axis>>(new(Rule.BadMatrix, "'matrix' has no axes; add one, such as patch_size: [2, 4, 8]", matrix.At("")));

    // An axis is a list of values for the key it is named after, or a mapping of names to the keys that each name stands for.
    private static Result<Axis> ReadAxis(ScalarNode key, SpecNode value) => value switch
    {
        ListNode { Items.Count: > 0 } list when list.Items.All(static i => i is ScalarNode) =>
            Result.Of(new Axis(key.Text, [.. list.Items.Cast<ScalarNode>().Select(i => new AxisValue(i.Text, [new SpecEntry(key, i)]))])),
        MappingNode { Entries.Count: > 0 } names when names.Entries.All(static e => e.Value is MappingNode) =>
            Result.Of(new Axis(key.Text, [.. names.Entries.Select(static e => new AxisValue(e.Key.Text, ((MappingNode)e.Value).Entries))])),
        _ => Result.Fail<Axis>(new(
            Rule.BadMatrix,
            $"Axis '{key.Text}' of the matrix must be a list of values, [2, 4, 8], or a mapping of names to keys, S: {{ depth: 12 }}; it is {value.Kind}",
            value.At)),
    };

    private static IReadOnlyList<SpecError> Placeholders(MappingNode root, string template, EquatableArray<Axis> axes)
    {
        var at = root["family"]?.At ?? root.At;
        var unused = axes.Where(axis => !template.Contains(axis.Placeholder)).Select(axis => new SpecError(
            Rule.BadName, $"The family's name '{template}' does not say {axis.Placeholder}, so its members would share a name; put {axis.Placeholder} into it", at));
        var rest = axes.Aggregate(template, static (text, axis) => text.Replace(axis.Placeholder, ""));
        var open = rest.IndexOf('{');
        var unknown = open < 0 ? [] : new[] { new SpecError(
            Rule.BadName,
            $"The family's name '{template}' has the placeholder {rest.Substring(open, Math.Max(1, rest.IndexOf('}', open) - open + 1))}, which is no axis of the matrix; the axes are {string.Join(", ", axes.Select(static a => a.Placeholder))}",
            at) };
        return [.. unused, .. unknown];
    }

    private static IEnumerable<IReadOnlyList<(Axis Axis, AxisValue Value)>> Combinations(EquatableArray<Axis> axes) => axes.Aggregate(
        (IEnumerable<IReadOnlyList<(Axis, AxisValue)>>)[[]],
        static (cells, axis) => cells.SelectMany(cell => axis.Values.Select(value => (IReadOnlyList<(Axis, AxisValue)>)[.. cell, (axis, value)])));

    private static MappingNode Member(MappingNode root, string template, IReadOnlyList<(Axis Axis, AxisValue Value)> cell)
    {
        var name = cell.Aggregate(template, static (text, c) => text.Replace(c.Axis.Placeholder, c.Value.Name));
        var shared = root.Entries.Where(static e => e.Key.Text is not "matrix").Select(e => e.Key.Text == "family" && e.Value is ScalarNode family
            ? e with { Value = family with { Text = name } }
            : e);
        return root with { Entries = [.. shared, .. cell.SelectMany(static c => c.Value.Entries)] };
    }

    private sealed record Axis(string Name, IReadOnlyList<AxisValue> Values)
    {
        public string Placeholder => $"{{{Name}}}";
    }

    private sealed record AxisValue(string Name, IReadOnlyList<SpecEntry> Entries);
}
