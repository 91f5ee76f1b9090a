using Dit.Spec;

namespace Dit.Generator;

/// <summary>One spec file, read.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types.</remarks>
/// <param name="Path">The file.</param>
/// <param name="Content">Its models and errors.</param>
internal sealed record ReadFile(string Path, SpecFile Content);

/// <summary>One model to write, without its place in the file.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Spec">The model.</param>
/// <param name="File">Name of the file it is declared in, for the header.</param>
internal sealed record ModelInput(ModelSpec Spec, string File);

/// <summary>Everything that one generated model file follows from.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="Model">The model.</param>
/// <param name="Namespace">The namespace of the class.</param>
/// <param name="NameIsTaken">Whether another model claims the class name; then neither is written, and the error says so.</param>
internal sealed record ModelOutput(ModelInput Model, string Namespace, bool NameIsTaken);

/// <summary>A line of the catalogue of models.</summary>
/// <remarks>Pipeline value: immutable, structural equality, no Roslyn types, no locations.</remarks>
/// <param name="ClassName">The model's class.</param>
/// <param name="Factory">The method of <c>ModelDefinition</c> that takes it.</param>
internal sealed record CatalogEntry(string ClassName, string Factory);
