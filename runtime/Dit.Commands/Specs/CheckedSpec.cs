using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>A spec file with all that the compiler would say of it.</summary>
/// <param name="Models">Its models; none when there is any error.</param>
/// <param name="Errors">Every error, two models of one class among them.</param>
/// <param name="Warnings">What may not be meant.</param>
internal sealed record CheckedSpec(IReadOnlyList<DeclaredModel> Models, IReadOnlyList<SpecError> Errors, IReadOnlyList<SpecError> Warnings)
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="DitException">There is no such file.</exception>
    public static CheckedSpec Read(string path)
    {
        if (Directory.Exists(path)) throw new DitException($"'{path}' is a folder; name a YAML file in it.");
        if (!File.Exists(path)) throw new DitException($"There is no file '{path}'.");
        var bytes = SpecBytes.Of(path).Bytes;
        var spec = SpecFile.Parse(bytes);
        if (spec.Errors.Any(static error => error.Rule == Rule.NotASpec) && RunFile.IsRunFile(bytes))
            return new([], [.. spec.Errors.Select(static error => error with { Message = RunFileInPlace })], []);
        return new(
            [.. spec.Models],
            [
                .. spec.Errors,
                .. DeclaredModel.Collisions(spec.Models.Select(model => (path, model))).Select(static collision => collision.Error),
            ],
            [.. spec.Warnings]);
    }

    private const string RunFileInPlace = "This is a run file of 'dit train', not a spec; the spec is what 'model' in it names";

    /// <summary>As compilers write errors, so that editors can jump to them.</summary>
    public static string Line(string path, SpecError error) =>
        $"{path}({error.At.Line},{error.At.Column}): {(error.Rule.IsWarning ? "warning" : "error")} {error.Rule.Id}: {error.Message}";
}
