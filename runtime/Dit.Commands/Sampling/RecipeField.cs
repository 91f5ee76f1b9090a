using System.Text;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>One of the texts that say how an image was made.</summary>
/// <param name="Key">Its keyword in the file.</param>
/// <param name="Words">What it is, for people.</param>
/// <param name="Option">The option of <c>dit sample</c> that takes it; null for what follows from others.</param>
/// <param name="IsFlag">Whether the option takes no value.</param>
/// <param name="IsRepeated">Whether the option is given for each line of the text.</param>
internal sealed record RecipeField(string Key, string Words, string? Option = null, bool IsFlag = false, bool IsRepeated = false)
{
    /// <summary>Keys that are read here.</summary>
    public const string
        Program = "Software", Model = "dit.model", Spec = "dit.spec", SpecFile = "dit.spec.file", Index = "dit.index",
        Lora = "dit.lora.file", TextRow = "dit.text.row", Step = "dit.step";

    /// <summary>All of them, in the order of a table and of a command line.</summary>
    public static IReadOnlyList<RecipeField> All { get; } =
    [
        new(Program, "program"),
        new(Model, "model"),
        new(Spec, "spec hash"),
        new(SpecFile, "spec file", "--model"),
        new("dit.checkpoint", "checkpoint hash"),
        new("dit.checkpoint.file", "checkpoint file", "--checkpoint"),
        new("dit.weights", "weights", "--weights"),
        new(Lora, "adapter files", "--lora", IsRepeated: true),
        new("dit.vae.file", "autoencoder file", "--vae"),
        new("dit.classes", "classes", "--classes"),
        new("dit.class.names", "class names"),
        new("dit.text.file", "text file", "--text"),
        new("dit.negative.file", "negative text file", "--negative"),
        new(TextRow, "row of the text file"),
        new("dit.sampler", "sampler", "--sampler"),
        new("dit.method", "method"),
        new("dit.steps", "steps", "--steps"),
        .. MethodSetting.All.Select(static setting => new RecipeField(setting.Key, setting.Option[2..], setting.Option)),
        new("dit.evaluations", "network evaluations"),
        new("dit.guidance", "guidance", "--cfg"),
        new("dit.guidance.convention", "guidance convention", "--cfg-convention"),
        new("dit.guidance.channels", "guided channels", "--cfg-channels"),
        new("dit.guidance.interval", "guided noise levels", "--cfg-interval"),
        new("dit.guidance.rescale", "guidance rescale", "--cfg-rescale"),
        new("dit.guidance.apg", "projected guidance", "--cfg-apg"),
        new("dit.seed", "seed", "--seed"),
        new(Index, "index of the image"),
        new("dit.first", "index of the first image", "--first"),
        new("dit.count", "images of each", "--count"),
        new("dit.batch", "images at once", "--batch"),
        new("dit.size", "size in pixels", "--size"),
        new("dit.dtype", "number type", "--dtype"),
        new("dit.positions", "positions", "--recompute-positions", IsFlag: true),
        new(Step, "shown after step"),
    ];

    /// <summary>Whether texts say how an image was made.</summary>
    public static bool AreIn(IReadOnlyDictionary<string, string> texts) => texts.ContainsKey(Model) && texts.ContainsKey("dit.seed");

    /// <summary>The command line that makes an image again, for the shells of Unix.</summary>
    /// <remarks>
    /// The texts come out of a file that anybody may have written: each value is one quoted word, and no value is taken
    /// for an option.
    /// </remarks>
    /// <param name="texts">The texts of the image.</param>
    /// <param name="program">What the program is called.</param>
    /// <param name="models">The models that have names.</param>
    public static string CommandLine(IReadOnlyDictionary<string, string> texts, string program, IReadOnlyList<ModelDefinition> models)
    {
        var line = new StringBuilder(program).Append(" sample");
        if (!texts.ContainsKey(SpecFile) && models.Any(model => model.Card.Name == texts[Model])) Append("--model", texts[Model]);
        foreach (var field in All)
        {
            if (field.Option is null || !texts.TryGetValue(field.Key, out var text)) continue;
            if (field.IsFlag) line.Append(' ').Append(field.Option);
            else foreach (var value in field.IsRepeated ? text.Split('\n') : [text]) Append(field.Option, value);
        }
        Append("--out", "again.png");
        return line.ToString();

        void Append(string option, string value) =>
            line.Append(' ').Append(option).Append(value.StartsWith('-') ? '=' : ' ').Append(Quoted(value));
    }

    private static string Quoted(string value)
    {
        var word = string.Concat(value.Select(static c => char.IsControl(c) ? ' ' : c));
        return word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || "_@%+=:,./-".Contains(c))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
