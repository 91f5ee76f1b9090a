using Dit.Spec;

namespace Dit.Commands;

/// <summary>What changed, once for all the models of which the same is to be said.</summary>
/// <param name="Models">The models; they share their changed settings and their sentences.</param>
/// <param name="Settings">The settings; a remark that is not every model's is left out.</param>
/// <param name="Sentences">What becomes of checkpoints.</param>
/// <param name="Tensors">The tensors that are not kept.</param>
internal sealed record DiffSection(
    IReadOnlyList<ModelDiff> Models,
    IReadOnlyList<SettingChange> Settings,
    IReadOnlyList<string> Sentences,
    IReadOnlyList<TensorLine> Tensors)
{
    /// <summary>The changed models, grouped.</summary>
    public static IEnumerable<DiffSection> All(SpecDiff diff) => diff.Models.Where(static m => m.Differs)
        .GroupBy(static m => string.Join("\n", m.Settings.Select(static s => $"{s.Key} {Values(s)}").Concat(DiffSentences.Of(m))))
        .Select(static alike => Of([.. alike]));

    /// <summary>The section of models of which the same is to be said.</summary>
    public static DiffSection Of(IReadOnlyList<ModelDiff> models) => new(
        models,
        [.. models[0].Settings.Select((s, at) => models.All(m => m.Settings[at].Remark == s.Remark) ? s : s with { Remark = null })],
        [.. DiffSentences.Of(models[0])],
        [.. models
            .SelectMany(static m => ParameterGroup.Of(m.Layout).Select(group =>
                (Model: Name(m), group.Name, Times: DiffSentences.Times(group), Change: DiffSentences.Change(group))))
            .GroupBy(static line => line.Name)
            .SelectMany(static name => name.GroupBy(static line => (line.Name, line.Times, line.Change), static line => line.Model))
            .Select(same => new TensorLine(same.Key.Name, same.Key.Times, same.Key.Change, same.Count() == models.Count ? [] : [.. same])),
    ]);

    /// <summary>The model's name, the old one before it where it is renamed.</summary>
    public static string Name(ModelDiff diff) => diff.A.Name == diff.B.Name ? diff.B.Name : $"{diff.A.Name} -> {diff.B.Name}";

    /// <summary><c>5 -> 7</c>.</summary>
    public static string Values(SettingChange change) => $"{change.From ?? "none"} -> {change.To ?? "none"}";
}

/// <summary>Tensors that are alike, and what becomes of them.</summary>
/// <param name="Name"><c>blocks.*.mlp.fc1.weight</c>.</param>
/// <param name="Times"><c>28 x</c>, or nothing for one.</param>
/// <param name="Change"><c>4608 x 1152 -> 6912 x 1152</c>.</param>
/// <param name="Models">The models it is true of; none where it is true of all of them.</param>
internal sealed record TensorLine(string Name, string Times, string Change, IReadOnlyList<string> Models);
