using System.Reflection;
using System.Runtime.CompilerServices;
using Dit.Spec;

namespace Dit.Testing;

/// <summary>
/// Specs as values. What follows from a model is in Dit.Spec: its tensors, shapes and costs in
/// <see cref="ModelLayout"/> and <see cref="LayoutTotals"/>, what differs between two in <see cref="SpecDiff"/> and
/// <see cref="ModelDiff"/>, and the table of a project's models in <see cref="ModelTable"/>.
/// </summary>
public static class Spec
{
    /// <summary>Reads a spec with everything that is wrong with it.</summary>
    /// <param name="path">The file, relative to the source of the test: <c>../Models/digits.dit.yaml</c>.</param>
    /// <param name="source">The compiler fills it in.</param>
    /// <returns>Its models, or its errors with line and column; warnings besides.</returns>
    /// <exception cref="DitTestException">There is no such file.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)] // the calling assembly is asked for
    public static SpecFile Read(string path, [CallerFilePath] string source = "") =>
        ReadFile(SourcePlace.Resolve(source, Assembly.GetCallingAssembly(), path));

    /// <summary>Reads one model.</summary>
    /// <param name="path">The spec, relative to the source of the test, or a folder of specs.</param>
    /// <param name="name">The model's name, where there are several.</param>
    /// <param name="source">The compiler fills it in.</param>
    /// <exception cref="DitTestException">
    /// There is no such file or model, or the spec has errors; the message has them all.
    /// </exception>
    [MethodImpl(MethodImplOptions.NoInlining)] // the calling assembly is asked for
    public static ModelSpec Model(string path, string? name = null, [CallerFilePath] string source = "")
    {
        var models = ReadAll(SourcePlace.Resolve(source, Assembly.GetCallingAssembly(), path));
        var named = models.Where(model => name is null || model.Name == name || model.ClassName == name).ToArray();
        return named.Length == 1 ? named[0] : throw new DitTestException(
            $"'{path}' holds {(name is null ? $"{models.Count} models; name one of them" : $"no model '{name}'; there is")}: "
            + $"{string.Join(", ", models.Select(static model => model.Name))}");
    }

    /// <summary>Reads the models of a spec, or of every spec in a folder and below.</summary>
    /// <param name="path">The file or folder, relative to the source of the test.</param>
    /// <param name="source">The compiler fills it in.</param>
    /// <returns>The models, in the order of the files and in that of each file, as the build has them.</returns>
    /// <exception cref="DitTestException">There is no spec, or one has errors; the message has them all.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)] // the calling assembly is asked for
    public static IReadOnlyList<ModelSpec> Models(string path, [CallerFilePath] string source = "") =>
        ReadAll(SourcePlace.Resolve(source, Assembly.GetCallingAssembly(), path));

    private static IReadOnlyList<ModelSpec> ReadAll(string path)
    {
        string[] files = Directory.Exists(path) ? [.. Below(path)] : [path];
        if (files.Length == 0) throw new DitTestException($"There is no spec (*.dit.yaml) in the folder {path}.");
        var specs = files.Select(static file => (File: file, Spec: ReadFile(file))).ToArray();
        var errors = specs.SelectMany(static spec => spec.Spec.Errors.Select(error => (spec.File, error)))
            .Concat(DeclaredModel.Collisions(specs.SelectMany(static spec => spec.Spec.Models.Select(model => (spec.File, model)))))
            .ToArray();
        return errors.Length == 0
            ? [.. specs.SelectMany(static spec => spec.Spec.Models).Select(static model => model.Spec)]
            : throw new DitTestException(string.Join("\n", errors.Select(static e => Line(e.Item1, e.Item2))));
    }

    // As compilers write errors.
    private static string Line(string file, SpecError error) =>
        $"{file}({error.At.Line},{error.At.Column}): error {error.Rule.Id}: {error.Message}";

    // Build outputs hold copies of the specs.
    private static IEnumerable<string> Below(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(SpecFile.IsSpec)
        .Where(file =>
            !Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar)[..^1].Any(static part => part is "bin" or "obj"))
        .OrderBy(SpecFile.OrderKey, StringComparer.Ordinal);

    private static SpecFile ReadFile(string path) =>
        File.Exists(path) ? SpecFile.Parse(File.ReadAllBytes(path)) : throw new DitTestException($"There is no spec {path}.");
}
