using Dit.Generator.Emit;
using Dit.Spec;

namespace Dit.Generator;

/// <summary>One spec file, read.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types.</remarks>
/// <param name="Path">The file.</param>
/// <param name="Content">Its models and errors.</param>
internal sealed record ReadFile(string Path, SpecFile Content)
{
    /// <summary>
    /// What is written for it: its models, or what stands in for them. One for each class; a second one is an error.
    /// </summary>
    public IEnumerable<ModelInput> Models => Content.Models.Select(model => new ModelInput(model.Spec, Path, IsStandIn: false))
        .Concat(Content.StandIns.Select(spec => new ModelInput(spec, Path, IsStandIn: true)))
        .GroupBy(static model => model.Spec.ClassName, StringComparer.OrdinalIgnoreCase).Select(static same => same.First());
}

/// <summary>One model to write, without its place in the file.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Spec">The model.</param>
/// <param name="Path">The file it is declared in.</param>
/// <param name="IsStandIn">
/// Whether the file has errors, and this is what can be known of the model in spite of them.
/// </param>
internal sealed record ModelInput(ModelSpec Spec, string Path, bool IsStandIn)
{
    /// <summary>Name of the file, for the header.</summary>
    public string File => System.IO.Path.GetFileName(Path);
}

/// <summary>Everything that one generated model file follows from.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Model">The model.</param>
/// <param name="Place">Where its class is.</param>
/// <param name="IsWritten">Whether it is the one model of its class name that is written.</param>
internal sealed record ModelOutput(ModelInput Model, Place Place, bool IsWritten);

/// <summary>A line of the catalogue of models.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="ClassName">The model's class.</param>
/// <param name="Condition">The runtime's type of its condition.</param>
/// <param name="Process">The runtime's type of its process.</param>
/// <param name="Path">The file it is declared in.</param>
/// <param name="IsStandIn">Whether that file has errors.</param>
/// <param name="IsJoint">Whether it denoises texts as well as images.</param>
internal sealed record CatalogEntry(string ClassName, string Condition, string Process, string Path, bool IsStandIn, bool IsJoint = false)
{
    /// <summary>Whether this is the entry of that model, and not of another one of its name.</summary>
    public bool IsOf(ModelInput model) => ClassName == model.Spec.ClassName && Path == model.Path;

    /// <summary>
    /// One entry for each class, in the order of the paths of the specs. Several models of one name are an error; the
    /// first without other errors is taken.
    /// </summary>
    public static EquatableArray<CatalogEntry> OnePerClass(IEnumerable<CatalogEntry> all) => all
        .OrderBy(static entry => SpecFile.OrderKey(entry.Path), StringComparer.Ordinal)
        .GroupBy(static entry => entry.ClassName, StringComparer.OrdinalIgnoreCase)
        .Select(static same => same.FirstOrDefault(static entry => !entry.IsStandIn) ?? same.First())
        .ToEquatableArray();
}

/// <summary>Where the generated classes are, and what is there already.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Namespace">Their namespace.</param>
/// <param name="IsListPublic">
/// Whether other assemblies see the list of models: where the namespace is this assembly's own name, which no other
/// has, or where the project asks for it.
/// </param>
/// <param name="Shadows">Names in the namespace that hide those of the libraries.</param>
/// <param name="Imported">Names of types in the namespace that other assemblies have there.</param>
internal sealed record Place(string Namespace, bool IsListPublic, EquatableArray<Shadow> Shadows, EquatableArray<string> Imported);

/// <summary>A name of a library, hidden by what the project has of the same name beside the models.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Name">The name.</param>
/// <param name="Library">Where the library's is found.</param>
internal sealed record Shadow(string Name, Library Library);
