using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>
/// Run files: the settings of a training run in YAML, a line for each of <see cref="RunKeys"/>, read as specs are.
/// </summary>
internal static class RunFile
{
    private static readonly FileWords Words = new(
        "run file",
        "run file",
        "a run file has settings of 'dit train', such as 'data: DIR' and 'steps: 100000'",
        "a mapping of settings such as 'steps: 100000'",
        "'data: DIR' or 'steps: 100000'",
        "a run file has settings of 'dit train', such as data, model, steps, batch and learning_rate",
        "two levels");

    private static readonly KeyNames Names = KeysOf(RunKeys.All);

    /// <summary>What the values of a run file do to settings.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="folder">Its folder, from which its paths count.</param>
    /// <returns>A function that puts them in, or every error in the order of the file.</returns>
    public static Result<Func<RunSettings, RunSettings>> Parse(byte[] bytes, string folder) =>
        SpecText.Decode(bytes, Words).Then(text => Parse(text, folder));

    /// <summary>As with bytes, of a text.</summary>
    public static Result<Func<RunSettings, RunSettings>> Parse(string text, string folder)
    {
        var lines = new TextLines(text);
        var root = SpecText.Error(lines, encoding: null, Words) is { } error
            ? Result.Fail<MappingNode>(error)
            : YamlReader.Read(lines, Names);
        return root.Match(
            mapping => Bind(mapping, folder),
            errors => InOrder(errors.Select(one => one.Rule == Rule.NotASpec && IsSpec(text) ? one with { Message = SpecInPlace } : one)));
    }

    /// <summary>As with bytes, of a file; errors are written to <see cref="CommandContext.Error"/>.</summary>
    /// <exception cref="DitException">It cannot be read, or has errors.</exception>
    public static Func<RunSettings, RunSettings> Read(CommandContext context, string path)
    {
        if (Directory.Exists(path))
            throw new DitException(
                $"'{path}' is a folder: name a run file{(File.Exists(Inside(path)) ? $", such as {Inside(path)}" : "")}.");
        if (!File.Exists(path)) throw new DitException($"There is no run file '{path}'.");
        return Parse(SpecBytes.Of(path).Bytes, Path.GetDirectoryName(path) ?? "").Match(static read => read, errors =>
        {
            foreach (var error in errors) context.Error.WriteLine(CheckedSpec.Line(path, error));
            throw new DitException($"{path} has {Amount.Of(errors.Count, "error")}.");
        });
    }

    /// <summary>Whether a file has a key of run files that specs do not have.</summary>
    public static bool IsRunFile(byte[] bytes) => SpecText.Decode(bytes, Words)
        .Then(static text => YamlReader.Read(new TextLines(text), Names))
        .Match(static root => root.Entries.Any(static entry => IsOfRunsAlone(entry.Key.Text)), static _ => false);

    /// <summary>The settings as a run file: every one that has a value.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="folder">The folder of the file, from which its paths count.</param>
    public static string Write(RunSettings settings, string folder) =>
        string.Concat(RunKeys.All.Where(static key => !key.IsPlace)
            .Select(key => key.Write(settings, folder) is { } value ? $"{key.Name}: {value}\n" : ""));

    private const string SpecInPlace =
        "This is a spec, not a run file; name it with --model, or as 'model' in a run file";

    private static string Inside(string folder) => Path.Combine(folder, TrainingFolder.RunFileName);

    private static bool IsSpec(string text) => SpecFile.Parse(text).Errors.All(static error => error.Rule != Rule.NotASpec);

    private static bool IsOfRunsAlone(string key) => Names.IsKey(key) && !SpecKeys.Names.IsKey(key);

    private static Result<Func<RunSettings, RunSettings>> Bind(MappingNode root, string folder)
    {
        Result<Func<RunSettings, RunSettings>>[] read =
        [
            .. RunKeys.All.SelectMany(key => root[key.Name] is { } node ? [key.Read(node, folder)] : NoKey),
        ];
        SpecError[] errors =
        [
            .. new MappingKeys(root, "", Names.Top, Words).Errors(),
            .. read.SelectMany(static one => one.ErrorsOrNone),
        ];
        return errors.Length > 0
            ? InOrder(errors)
            : Result.Of<Func<RunSettings, RunSettings>>(
                settings => read.Aggregate(settings, static (before, one) => one.Match(set => set(before), _ => before)));
    }

    private static Result<Func<RunSettings, RunSettings>>[] NoKey => [];

    private static Result<Func<RunSettings, RunSettings>> InOrder(IEnumerable<SpecError> errors) =>
        new Result<Func<RunSettings, RunSettings>>.Failed([.. errors.Distinct().OrderBy(static error => error.At.Start)]);

    private static KeyNames KeysOf(IReadOnlyList<RunKey> keys)
    {
        string[] names = [.. keys.Select(static key => key.Name)];
        return new([], names, names.ToHashSet(StringComparer.Ordinal)) { Words = Words };
    }
}
