using System.Text;

namespace Dit.Spec;

/// <summary>One spec file read: its models, and everything wrong with it.</summary>
/// <param name="Models">Its models; none when there is any error.</param>
/// <param name="Errors">Every error, in the order of the file.</param>
public sealed record SpecFile(EquatableArray<DeclaredModel> Models, EquatableArray<SpecError> Errors)
{
    /// <summary>How the name of a spec file ends.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".dit.yaml", ".dit.yml"];

    /// <summary>
    /// What can be known of the models of a file with errors: their names, conditions and samplers. Everything else
    /// about them is made up, so they are good for one thing: code that uses the models is compiled against them, and
    /// gives no errors of its own beside those of the file.
    /// </summary>
    public EquatableArray<ModelSpec> StandIns { get; init; }

    /// <summary>Whether a file is a spec, by its name.</summary>
    public static bool IsSpec(string path) => Extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>More bytes than this are no spec; who reads a file needs to read one more at most.</summary>
    public const int MaxBytes = SpecText.MaxBytes;

    /// <summary>Warnings of the models, in the order of the file.</summary>
    public EquatableArray<SpecError> Warnings => InOrder(Models.SelectMany(static model => model.Warnings));

    /// <summary>Reads a spec. Pure: the text is all it looks at.</summary>
    /// <param name="text">The YAML text.</param>
    /// <param name="encoding">What the text was decoded by, where that is known and was not chosen here.</param>
    public static SpecFile Parse(string text, Encoding? encoding = null)
    {
        var lines = new TextLines(text);
        var root = SpecText.Error(lines, encoding) is { } error ? Result.Fail<MappingNode>(error) : YamlReader.Read(lines, SpecKeys.Names);
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
    public static SpecFile Parse(byte[] bytes) => SpecText.Decode(bytes).Match(
        static text => Parse(text),
        static errors => new SpecFile(default, InOrder(errors)));

    private static EquatableArray<SpecError> InOrder(IEnumerable<SpecError> errors) =>
        errors.Distinct().OrderBy(static e => e.At.Start).ToEquatableArray();
}
