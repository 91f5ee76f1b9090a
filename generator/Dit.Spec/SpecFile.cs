using System.Text;

namespace Dit.Spec;

/// <summary>A parsed spec file: its models, or all errors.</summary>
/// <param name="Models">Its models; none when there is any error.</param>
/// <param name="Errors">Every error, in the order of the file.</param>
public sealed record SpecFile(EquatableArray<DeclaredModel> Models, EquatableArray<SpecError> Errors)
{
    /// <summary>The file name extensions of specs.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".dit.yaml", ".dit.yml"];

    /// <summary>
    /// Substitutes for the models of a file with errors. Names, kinds of condition and samplers are read from the file
    /// as far as possible; everything else is a placeholder. Code that uses the models compiles against them, so that
    /// the only errors are those of the file.
    /// </summary>
    public EquatableArray<ModelSpec> StandIns { get; init; }

    /// <summary>Whether the file name is that of a spec.</summary>
    public static bool IsSpec(string path) => Extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// What specs are ordered by, ordinally: the path without the ending, so that <c>shapes.dit.yaml</c> comes before
    /// <c>shapes-flow.dit.yaml</c>. MSBuild lists files in the order of the disk.
    /// </summary>
    /// <param name="path">The path of a spec.</param>
    public static string OrderKey(string path)
    {
        var ending = Extensions.FirstOrDefault(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase))?.Length ?? 0;
        return path.Substring(0, path.Length - ending).Replace('\\', '/');
    }

    /// <summary>
    /// Maximum size of a spec in bytes; a reader needs at most one byte more to see that a file is too long.
    /// </summary>
    public const int MaxBytes = SpecText.MaxBytes;

    /// <summary>Warnings of the models, in the order of the file.</summary>
    public EquatableArray<SpecError> Warnings => InOrder(Models.SelectMany(static model => model.Warnings));

    /// <summary>Reads a spec. Pure: the result depends on the text only.</summary>
    /// <param name="text">The YAML text.</param>
    /// <param name="encoding">The encoding that the text was decoded with, if a caller decoded it.</param>
    public static SpecFile Parse(string text, Encoding? encoding = null)
    {
        var lines = new TextLines(text);
        var root = SpecText.Error(lines, encoding, SpecKeys.Names.Words) is { } error
            ? Result.Fail<MappingNode>(error)
            : YamlReader.Read(lines, SpecKeys.Names);
        return root.Then(FamilyBinder.Bind).Match(
            static models => new SpecFile(models, default),
            errors =>
                new SpecFile(
                    default,
                    InOrder(errors))
                { StandIns = StandInBinder.Bind(root.Match(static node => node, _ => UnreadableText.Outline(text))) });
    }

    /// <summary>Reads a spec from the bytes of its file: UTF-8, or UTF-16 with a byte order mark.</summary>
    /// <param name="bytes">The file.</param>
    public static SpecFile Parse(byte[] bytes) => SpecText.Decode(bytes, SpecKeys.Names.Words).Match(
        static text => Parse(text),
        static errors => new SpecFile(default, InOrder(errors)));

    private static EquatableArray<SpecError> InOrder(IEnumerable<SpecError> errors) =>
        errors.Distinct().OrderBy(static e => e.At.Start).ToEquatableArray();
}
