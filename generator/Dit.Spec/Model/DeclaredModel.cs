namespace Dit.Spec;

/// <summary>A model and the location of its name in the file.</summary>
/// <param name="Spec">The model.</param>
/// <param name="At">The value of <c>model</c> or <c>family</c>.</param>
public sealed record DeclaredModel(ModelSpec Spec, TextRange At)
{
    /// <summary>Warnings about the model.</summary>
    public EquatableArray<SpecError> Warnings { get; init; }

    /// <summary>Errors for models with the same C# class, across all files of a project.</summary>
    /// <param name="models">Every declared model with the file it is in.</param>
    public static IEnumerable<(string Path, SpecError Error)> Collisions(IEnumerable<(string Path, DeclaredModel Model)> models) =>
        from same in models.GroupBy(static m => m.Model.Spec.ClassName, StringComparer.OrdinalIgnoreCase)
        let first = same.First()
        from other in same.Skip(1)
        let place = other.Path == first.Path ? $"line {first.Model.At.Line}" : $"{first.Path}, line {first.Model.At.Line}"
        select (other.Path, new SpecError(
            Rule.ModelNamesDiffer,
            $"Model '{other.Model.Spec.Name}' would be the class {other.Model.Spec.ClassName}, "
                + $"as '{first.Model.Spec.Name}' is already ({place}); give it another name",
            other.Model.At));
}
