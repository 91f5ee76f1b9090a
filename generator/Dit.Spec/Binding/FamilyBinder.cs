namespace Dit.Spec;

/// <summary>Binds a file's mapping to its model, or to all members of a family.</summary>
/// <remarks>
/// A family is expanded before binding: each member is the file's mapping plus the keys of its matrix cell. Nodes keep
/// their locations, so one binder serves both, and errors point into the cell.
/// </remarks>
internal static class FamilyBinder
{
    /// <summary>
    /// Errors in shared keys repeat for each member; after this many errors the remaining members are not bound.
    /// </summary>
    private const int EnoughErrors = 100;

    public static Result<EquatableArray<DeclaredModel>> Bind(MappingNode root) =>
        root[SpecKeys.Family.Name] is null && root[SpecKeys.Matrix.Name] is null
        ? ModelBinder.Bind(root).Select(static model => EquatableArray.Of(model))
        : BindFamily(root);

    /// <summary>
    /// The mappings of the models in a file with errors; for a family, those of its members if the matrix can be read.
    /// </summary>
    public static IEnumerable<MappingNode> MembersOrNone(MappingNode root) => root[SpecKeys.Family.Name] is null ? [root]
        : root[SpecKeys.Matrix.Name] is MappingNode matrix
            ? MatrixBinder.Axes(matrix, matrix.At).Match(axes => Combinations(axes).Select(cell => Member(root, cell)), static _ => [])
            : [];

    private static Result<EquatableArray<DeclaredModel>> BindFamily(MappingNode file)
    {
        var single = file.Entries.FirstOrDefault(static e => e.Key.Text == SpecKeys.Model.Name);
        var root = single is null ? file : file with { Entries = [.. file.Entries.Where(static e => e.Key.Text != SpecKeys.Model.Name)] };
        var top = new Fields(root, "", [SpecKeys.Family, SpecKeys.Matrix, .. SpecKeys.OfModel]);
        var template = single is null || top.Has(SpecKeys.Family) ? top.Read(SpecKeys.Family) : new Result<string>.Failed([]);
        var axes = top.Read(SpecKeys.Matrix).Then(matrix => MatrixBinder.Axes(matrix, top.At(SpecKeys.Matrix)));
        var name = (template, axes).Apply(static (text, list) => (text, list))
            .Ensure(family => Placeholders(top, family.text, family.list));
        // Members are bound even if the family's name is wrong, so that all errors are reported together.
        var members = axes.Then(list => (
            Result.Of(true).Ensure(_ => MatrixBinder.KeyErrors(root, top, list)),
            Result.All(UntilEnough(Combinations(list).Select(cell => ModelBinder.BindMember(Member(root, cell))))))
            .Apply(static (_, models) => models));
        return (top.OnlyAllowed().Ensure(_ => single is null ? [] : [SingleAndFamily(single)]), name, members)
            .Apply(static (_, _, models) => models);
    }

    private static SpecError SingleAndFamily(SpecEntry model) => new(
        Rule.UnknownKey,
        "'model' names a single model, but this file declares a family; keep one of the two, and name a family as in family: DiT-{size}",
        model.Key.At);

    private static IEnumerable<SpecError> Placeholders(Fields top, string template, EquatableArray<Axis> axes)
    {
        var at = top.At(SpecKeys.Family);
        var shown = Shown.Text(template);
        foreach (var axis in axes.Where(axis => !template.Contains(axis.Placeholder)))
            yield return new(
                Rule.BadName,
                $"The family's name '{shown}' does not say {Shown.Text(axis.Placeholder)}, so its members would share a name; "
                    + $"put {Shown.Text(axis.Placeholder)} into it", at);

        var rest = axes.Aggregate(template, static (text, axis) => text.Replace(axis.Placeholder, ""));
        var open = rest.IndexOf('{');
        if (open >= 0)
            yield return new(
                Rule.BadName,
                $"The family's name '{shown}' has the placeholder "
                    + $"{Shown.Text(rest.Substring(open, Math.Max(1, rest.IndexOf('}', open) - open + 1)))}, "
                    + "which is no axis of the matrix; the axes are "
                    + $"{string.Join(", ", axes.Select(static a => Shown.Text(a.Placeholder)))}",
                at);
    }

    private static IEnumerable<IReadOnlyList<(Axis Axis, AxisValue Value)>> Combinations(EquatableArray<Axis> axes) => axes.Aggregate(
        (IEnumerable<IReadOnlyList<(Axis, AxisValue)>>)[[]],
        static (cells, axis) =>
            cells.SelectMany(cell => axis.Values.Select(value => (IReadOnlyList<(Axis, AxisValue)>)[.. cell, (axis, value)])));

    private static MappingNode Member(MappingNode root, IReadOnlyList<(Axis Axis, AxisValue Value)> cell)
    {
        SpecEntry[] own = [.. cell.SelectMany(static c => c.Value.Entries)];
        var shared = root.Entries.Where(e => e.Key.Text != SpecKeys.Matrix.Name && own.All(o => o.Key.Text != e.Key.Text))
            .Select(e => e.Key.Text == SpecKeys.Family.Name && e.Value is ScalarNode family
            ? e with
            {
                Value = family with
                {
                    Quoted = true,
                    Text = cell.Aggregate(family.Text, static (text, c) => text.Replace(c.Axis.Placeholder, c.Value.Name))
                }
            }
            : e);
        return root with { Entries = [.. shared, .. own], Place = cell[0].Value.At };
    }

    private static IEnumerable<Result<DeclaredModel>> UntilEnough(IEnumerable<Result<DeclaredModel>> members)
    {
        var errors = 0;
        foreach (var member in members)
        {
            yield return member;
            errors += member.ErrorsOrNone.Count;
            if (errors >= EnoughErrors) yield break;
        }
    }
}

/// <summary>One axis of a matrix.</summary>
/// <param name="Name">Its name.</param>
/// <param name="At">Location of the name.</param>
/// <param name="IsList">Whether it is a list of values for the key of the same name.</param>
/// <param name="Values">Its values.</param>
internal sealed record Axis(string Name, TextRange At, bool IsList, IReadOnlyList<AxisValue> Values)
{
    public string Placeholder => $"{{{Name}}}";
}

/// <summary>One value of an axis: a name and the keys it sets.</summary>
internal sealed record AxisValue(string Name, TextRange At, IReadOnlyList<SpecEntry> Entries);
