namespace Dit.Spec;

/// <summary>The axes of a family's matrix, and the rules about their keys.</summary>
internal static class MatrixBinder
{
    /// <summary>The axes: each is well formed, and they do not multiply out to too many members.</summary>
    public static Result<EquatableArray<Axis>> Axes(MappingNode matrix, TextRange at) => matrix.Entries.Count > 0
        ? (Result.Of(true).Ensure(_ => Twice(matrix)), Result.All(matrix.Entries.Select(static entry => ReadAxis(entry.Key, entry.Value))))
            .Apply(static (_, axes) => axes).Ensure(axes => TooMany(axes, at))
        : Result.Fail<EquatableArray<Axis>>(new(Rule.BadMatrix, "'matrix' has no axes; add one, such as patch_size: [2, 4, 8]", at));

    /// <summary>
    /// Keys of cells that are unknown, missing in one cell or also given elsewhere; and required keys that are given
    /// nowhere.
    /// </summary>
    public static IEnumerable<SpecError> KeyErrors(MappingNode root, Fields top, EquatableArray<Axis> axes) =>
    [
        .. axes.SelectMany(UnknownKeys),
        .. Overlaps(root, axes),
        .. SpecKeys.OfModel.Where(key => key.Required && !top.Has(key)).SelectMany(key => Holes(top, axes, key)),
    ];

    private static IEnumerable<SpecError> Twice(MappingNode matrix) =>
        matrix.Entries.GroupBy(static e => e.Key.Text).SelectMany(static same => same.Skip(1)).Select(twice => new SpecError(
        Rule.DuplicateKey, $"The axis '{Shown.Text(twice.Key.Text)}' appears twice; remove one of them", twice.Key.At));

    private static IEnumerable<SpecError> TooMany(EquatableArray<Axis> axes, TextRange at)
    {
        var members = axes.Aggregate(1.0, static (product, axis) => product * axis.Values.Count);
        return members <= SpecKeys.Matrix.MaxMembers ? [] : [new SpecError(
            Rule.MembersInRange,
            "The axes of the matrix multiply out to "
                + FormattableString.Invariant($"{string.Join(" x ", axes.Select(static a => a.Values.Count))} models; ")
                + FormattableString.Invariant($"a family has at most {SpecKeys.Matrix.MaxMembers}, so split it over several files"),
            at)];
    }

    // An axis is a list of values for the key it is named after, or a mapping of names to the keys that each name
    // stands for.
    private static Result<Axis> ReadAxis(ScalarNode key, SpecNode value) => (value switch
    {
        ListNode { Items.Count: > 0 } list when list.Items.All(static i => i is ScalarNode) =>
            Result.Of(new Axis(
                key.Text, key.At, IsList: true,
                [.. list.Items.Cast<ScalarNode>().Select(i => new AxisValue(i.Text, i.At, [new SpecEntry(key, i)]))])),
        MappingNode { Entries.Count: > 0 } names when names.Entries.All(static e => e.Value is MappingNode) =>
            Result.All(names.Entries.Select(static e => Cell(e.Key, (MappingNode)e.Value)))
                .Select(cells => new Axis(key.Text, key.At, IsList: false, cells)),
        _ => Result.Fail<Axis>(new(
            Rule.BadMatrix,
            $"Axis '{Shown.Text(key.Text)}' of the matrix must be a list of values, [2, 4, 8], or a mapping of names to keys, "
                + $"S: {{ depth: 12 }}; it is {value.Kind}",
            value.At)),
    }).Ensure(static axis => axis.Values.GroupBy(static v => v.Name).SelectMany(static same => same.Skip(1)).Select(twice => new SpecError(
        Rule.DuplicateKey,
        $"'{Shown.Text(twice.Name)}' appears twice in the axis '{Shown.Text(axis.Name)}'; remove one of them",
        twice.At)));

    private static Result<AxisValue> Cell(ScalarNode name, MappingNode keys) =>
        Values.Named(name, "The name of a matrix cell", "XL").Select(text => new AxisValue(text, name.At, keys.Entries));

    // The keys of an axis: the one it is named after, or all keys of its cells. Renaming an axis also changes the
    // placeholder in the family's name, so there is no single-edit fix.
    private static IEnumerable<SpecError> UnknownKeys(Axis axis) => axis.Values.SelectMany(value =>
        CellFields(axis, value).OnlyAllowed().ErrorsOrNone.Select(error => axis.IsList ? error with { Fix = null } : error));

    private static IEnumerable<SpecError> Overlaps(MappingNode root, EquatableArray<Axis> axes)
    {
        foreach (var entry in root.Entries.Where(static e => SpecKeys.OfModel.Any(key => key.Name == e.Key.Text)))
            if (axes.FirstOrDefault(a => Gives(a, entry.Key.Text)) is { } axis)
                yield return new(
                    Rule.KeyInMatrixAndOutside,
                    $"Key '{Shown.Text(entry.Key.Text)}' is given here and by the axis '{Shown.Text(axis.Name)}' of the matrix; "
                        + "keep one of them", entry.Key.At);

        for (var later = 1; later < axes.Count; later++)
            foreach (var key in SpecKeys.OfModel.Select(static key => key.Name))
                if (axes.Take(later).FirstOrDefault(a => Gives(a, key)) is { } earlier && Gives(axes[later], key))
                    yield return new(
                        Rule.KeyInMatrixAndOutside,
                        $"Key '{key}' is given by two axes of the matrix, '{Shown.Text(earlier.Name)}' and "
                            + $"'{Shown.Text(axes[later].Name)}'; keep one of them", axes[later].At);
    }

    private static IEnumerable<SpecError> Holes(Fields top, EquatableArray<Axis> axes, SpecKey key)
    {
        Axis[] givers = [.. axes.Where(a => Gives(a, key.Name))];
        if (givers.Length > 1) return []; // which is an error of its own
        if (givers is not [var axis])
            return top.IsMisspelled(key) || axes.Any(a => a.Values.Any(v => CellFields(a, v).IsMisspelled(key))) ? [] : [top.Missing(key)];
        var with = string.Join(", ", axis.Values.Where(v => Gives(v, key.Name)).Select(static v => Shown.Text(v.Name)));
        return axis.Values.Where(v => !Gives(v, key.Name) && !CellFields(axis, v).IsMisspelled(key)).Select(hole => new SpecError(
            Rule.MatrixHole,
            $"'{Shown.Text(hole.Name)}' of the axis '{Shown.Text(axis.Name)}' leaves '{key.Name}' out, "
                + $"which {Shown.Text(with)} of that axis give{(with.IndexOf(',') < 0 ? "s" : "")}; add '{key.Name}: ...', {key.Wanted}",
            hole.At));
    }

    private static Fields CellFields(Axis axis, AxisValue value) => new(
        new MappingNode(value.Entries, value.At), axis.IsList ? "matrix" : $"matrix.{Shown.Text(axis.Name)}.{Shown.Text(value.Name)}",
        SpecKeys.OfModel);

    private static bool Gives(Axis axis, string key) => axis.Values.Any(v => Gives(v, key));

    private static bool Gives(AxisValue value, string key) => value.Entries.Any(e => e.Key.Text == key);
}
