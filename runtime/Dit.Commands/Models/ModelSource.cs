using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>Which model a command is about: one that the program was built with, or one that a spec declares.</summary>
internal static class ModelSource
{
    /// <summary>What <c>--model</c> takes.</summary>
    public const string Help = "NAME|SPEC";

    /// <summary>
    /// The model of a word: a name, as written in its spec or as its class is called, or the path of a spec, <c>#</c>
    /// and a name behind it for one of several models.
    /// </summary>
    /// <exception cref="DitException">
    /// There is no such model, or the spec has errors, which are written as the compiler writes them.
    /// </exception>
    public static ModelDefinition FindModel(this CommandContext context, string word)
    {
        if (context.Known(word) is { } known) return known;
        if (SpecPath(word) is var (path, member)) return Declared(context, path, member);
        throw new DitException(
            Directory.Exists(word) ? $"'{word}' is a folder: name a model, or a spec in the folder."
            : File.Exists(word) ? $"'{word}' is no spec, which is a .dit.yaml file: name a model or a spec, and weights with --checkpoint."
            : $"There is no model "
                + $"'{word}'{DidYouMean.Suggest(word, context.Names()) ?? "; 'dit models' lists them, and a spec is named by its path."}");
    }

    /// <summary>
    /// The model that is meant where none is named: the one that the program brings weights for, or its only one.
    /// </summary>
    public static ModelDefinition? Usual(this CommandContext context) =>
        context.Models.FirstOrDefault(static model => Weights.Find(model.Card) is not null) ?? (context.Models is [var only] ? only : null);

    /// <summary>The model that is named, or else the usual one.</summary>
    /// <exception cref="DitException">None is named, and it is not clear which is meant.</exception>
    public static ModelDefinition FindOrUsual(this CommandContext context, string? word) =>
        word is not null ? context.FindModel(word) : context.Usual() ?? throw new DitException(context.Models.Count == 0
            ? "Which model? Name a spec with --model my.dit.yaml."
            : $"Which model? Name one with --model: {string.Join(", ", context.Names())}.");

    /// <summary>The model that a checkpoint says it is of: it carries the spec. Null where it carries none.</summary>
    /// <exception cref="DitException">The spec that it carries cannot be read.</exception>
    public static ModelDefinition? CarriedBy(this CommandContext context, ICheckpointFile file)
    {
        if (CheckpointSpec.Of(file) is not { } text) return null;
        if (context.Models.FirstOrDefault(known => known.Card.Spec == text) is { } same) return same;
        return SpecFile.Parse(text) switch
        {
            // A model of the program may have other samplers by now: those are meant.
            { Models: [var model] } =>
                context.Models.FirstOrDefault(known => known.Card.SpecHash == model.Spec.Hash) ?? Load(context, model.Spec),
            { Errors: [var error, ..] } => throw new DitException(
                $"The spec that '{file.Path}' carries has an error, so it is of a later version or damaged: {error.Message}. "
                + "Name the model with --model."),
            _ => throw new DitException(
                $"The spec that '{file.Path}' carries declares several models, so it was not written by this program: "
                + "name the model with --model."),
        };
    }

    /// <summary>The model of the program whose name a checkpoint says.</summary>
    public static ModelDefinition? Named(this CommandContext context, ICheckpointFile file) =>
        context.Models.FirstOrDefault(model => model.Card.Name == file.Metadata.GetValueOrDefault(ModelCard.NameKey));

    /// <summary>The models that the program was built with, and the one whose spec a checkpoint carries.</summary>
    public static CommandContext With(this CommandContext context, ICheckpointFile file)
    {
        ModelDefinition? carried;
        try
        {
            carried = context.CarriedBy(file);
        }
        catch (DitException e)
        {
            context.Notice(e.Message);
            return context;
        }
        return carried is null || context.Models.Contains(carried) ? context : context with { Models = [.. context.Models, carried] };
    }

    /// <summary>Names for the completion of a word.</summary>
    public static IEnumerable<string> Suggestions(this CommandContext context) => context.Names().Concat(FilesHere(SpecFile.IsSpec));

    /// <summary>Run files in the current folder, for the completion of a word: YAML files that are no specs.</summary>
    public static IEnumerable<string> RunFiles() => FilesHere(static path => SpecSource.IsYaml(path) && !SpecFile.IsSpec(path));

    /// <summary>
    /// The samplers of a model and the methods that fit it, for the completion of a word: nothing is compiled, and a
    /// mistake is no error.
    /// </summary>
    public static IEnumerable<string> SamplersOf(this CommandContext context, string? word)
    {
        if ((word is null ? context.Usual() : context.Known(word)) is { } known)
            return Of(SpecFile.Parse(known.Card.Spec ?? ""), member: null);
        return word is not null && SpecPath(word) is var (path, member) && File.Exists(path)
            ? Of(SpecFile.Parse(SpecBytes.Of(path).Bytes), member)
            : [];

        static IEnumerable<string> Of(SpecFile file, string? member) => file.Models
            .Where(model => member is null || Same(model.Spec.Name, member))
            .SelectMany(static model => model.Spec.Samplers.Select(static sampler => sampler.Name).Concat(
                model.Spec.Process.Match(static _ => MethodsOf<GaussianDiffusion>(), static _ => MethodsOf<Flow>())))
            .Distinct();

        static IEnumerable<string> MethodsOf<TProcess>()
            where TProcess : IProcess => SamplingMethods<TProcess>.Fitting.Select(static method => method.Card.Word);
    }

    /// <summary>
    /// Reads a spec, with its errors written to <see cref="CommandContext.Error"/> as the compiler writes them.
    /// </summary>
    /// <exception cref="DitException">It cannot be read, or has errors.</exception>
    internal static IReadOnlyList<ModelSpec> ReadSpec(CommandContext context, string path)
    {
        var read = CheckedSpec.Read(path);
        foreach (var error in read.Errors.Count > 0 ? read.Errors : read.Warnings) context.Error.WriteLine(CheckedSpec.Line(path, error));
        return read.Errors.Count == 0
            ? [.. read.Models.Select(static model => model.Spec)]
            : throw new DitException($"{path} has {Amount.Of(read.Errors.Count, "error")}.");
    }

    private static IEnumerable<string> FilesHere(Func<string, bool> isWanted) =>
        Directory.EnumerateFiles(Environment.CurrentDirectory)
            .Where(isWanted).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal);

    private static string[] Names(this CommandContext context) => [.. context.Models.Select(static model => model.Card.Name)];

    private static ModelDefinition? Known(this CommandContext context, string name) =>
        context.Models.FirstOrDefault(model => Same(model.Card.Name, name) || Same(Identifier.OfModel(model.Card.Name), name));

    private static ModelDefinition Declared(CommandContext context, string path, string? member)
    {
        var models = ReadSpec(context, path);
        if (member is null && models is [var only]) return Load(context, only);
        string[] names = [.. models.Select(static model => model.Name)];
        if (member is null)
            throw new DitException(
                $"'{path}' declares {models.Count} models, {Amount.Few(names)}: choose one, as in --model \"{path}#{names[0]}\".");
        return Load(context, Member(path, models, member));
    }

    /// <summary>The model of a spec that a word names, as it is written there or as its class is called.</summary>
    /// <exception cref="DitException">There is none.</exception>
    internal static ModelSpec Member(string path, IReadOnlyList<ModelSpec> models, string member)
    {
        string[] names = [.. models.Select(static model => model.Name)];
        return models.FirstOrDefault(model => Same(model.Name, member) || Same(model.ClassName, member))
            ?? throw new DitException(
                $"'{path}' declares no model '{member}'{DidYouMean.Suggest(member, names) ?? $"; it has {Amount.Few(names)}."}");
    }

    // What the program was built with needs no compiler.
    private static ModelDefinition Load(CommandContext context, ModelSpec spec)
    {
        var text = SpecWriter.Write(spec);
        return context.Models.FirstOrDefault(model => model.Card.Spec == text) ?? CompiledSpecs.Load(text, context.Cancellation);
    }

    /// <summary>The path of a spec and what is behind its <c>#</c>; null for a word that names no YAML file.</summary>
    internal static (string Path, string? Member)? SpecPath(string word)
    {
        if (SpecSource.IsYaml(word)) return (word, null);
        for (var at = word.IndexOf('#', StringComparison.Ordinal); at > 0; at = word.IndexOf('#', at + 1))
            if (SpecSource.IsYaml(word[..at])) return (word[..at], word[(at + 1)..]);
        return null;
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
