namespace Dit.Spec;

/// <summary>One spec file read: its models, and everything wrong with it.</summary>
/// <param name="Models">Its models; none when there is any error.</param>
/// <param name="Errors">Every error, in the order of the file.</param>
public sealed record SpecFile(EquatableArray<DeclaredModel> Models, EquatableArray<SpecError> Errors)
{
    /// <summary>How the name of a spec file ends.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".dit.yaml", ".dit.yml"];

    /// <summary>
    /// What can be known of the models of a file with errors: their names, conditions and samplers. Everything else about them is made up, so
    /// they are good for one thing: code that uses the models is compiled against them, and gives no errors of its own beside those of the file.
    /// </summary>
    public EquatableArray<ModelSpec> StandIns { get; init; }

    /// <summary>Whether a file is a spec, by its name.</summary>
    public static bool IsSpec(string path) => Extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads a spec. Pure: the text is all it looks at.</summary>
    /// <param name="text">The YAML text.</param>
    public static SpecFile Parse(string text)
    {
        var root = YamlReader.Read(text);
        return root.Then(FamilyBinder.Bind).Match(
            static models => new SpecFile(models, default),
            errors => new SpecFile(default, errors.Distinct().OrderBy(static e => e.At.Start).ToEquatableArray())
            {
                StandIns = StandInBinder.Bind(root.Match(static node => node, _ => UnreadableText.Outline(text))),
            });
    }
}

/// <summary>A model and where its name stands in the file.</summary>
/// <param name="Spec">The model.</param>
/// <param name="At">The value of <c>model</c> or <c>family</c>.</param>
public sealed record DeclaredModel(ModelSpec Spec, TextRange At)
{
    /// <summary>Errors of models that would be the same C# class, over all files of a project.</summary>
    /// <param name="models">Every declared model with the file it is in.</param>
    public static IEnumerable<(string Path, SpecError Error)> Collisions(IEnumerable<(string Path, DeclaredModel Model)> models) =>
        from same in models.GroupBy(static m => m.Model.Spec.ClassName, StringComparer.OrdinalIgnoreCase)
        let first = same.First()
        from other in same.Skip(1)
        let place = other.Path == first.Path ? $"line {first.Model.At.Line}" : $"{first.Path}, line {first.Model.At.Line}"
        select (other.Path, new SpecError(
            Rule.ModelNamesDiffer,
            $"Model '{other.Model.Spec.Name}' would be the class {other.Model.Spec.ClassName}, as '{first.Model.Spec.Name}' is already ({place}); give it another name",
            other.Model.At));
}
