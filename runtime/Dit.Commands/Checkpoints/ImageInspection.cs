using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What <c>dit inspect</c> says of a picture: how it was made, and how to make it again.</summary>
internal static class ImageInspection
{
    /// <summary>Whether a file is a picture: by its name, or else by its first bytes.</summary>
    public static bool IsPicture(string path)
    {
        if (!File.Exists(path)) return false;
        if (ImageFile.HasImageExtension(path) || Path.GetExtension(path).Equals(".gif", StringComparison.OrdinalIgnoreCase)) return true;
        Span<byte> start = stackalloc byte[4];
        try
        {
            using var file = File.OpenRead(path);
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // said by whoever reads it
        }
        return start is [0x89, (byte)'P', (byte)'N', (byte)'G'] or [0xff, 0xd8, 0xff, _] || start.SequenceEqual("GIF8"u8);
    }

    /// <summary>Writes it.</summary>
    /// <exception cref="DitException">The file is cut off, damaged or no picture.</exception>
    public static int Run(CommandContext context, string path, bool all, bool json)
    {
        var texts = ImageTexts.Read(path);
        var isRecipe = RecipeField.AreIn(texts);
        var command = isRecipe ? RecipeField.CommandLine(texts, context.Name.Value, context.Models) : null;
        if (json) context.Out.WriteLine(Json.Of(new { Path = path, IsSample = isRecipe, Texts = texts, Command = command }));
        else Write(context, path, texts, command, all);
        return 0;
    }

    private static void Write(CommandContext context, string path, IReadOnlyDictionary<string, string> texts, string? command, bool all)
    {
        context.Out.WriteLine(command is null
            ? $"{path}: a picture that does not say how it was made: {Described(texts.Count)}."
            : $"{path}: a picture made by {InspectCommand.OneLine(texts.GetValueOrDefault(RecipeField.Program, "dit"))}.");
        var known = RecipeField.All.Where(field => command is not null && texts.ContainsKey(field.Key)).ToArray();
        var rows = known.Skip(1).Select(field => (field.Words, texts[field.Key]))
            .Concat(texts.Where(text => (all || command is null) && known.All(field => field.Key != text.Key))
                .Select(static text => (text.Key, text.Value)))
            .Select(row => (IReadOnlyList<Cell>)
                [InspectCommand.OneLine(row.Item1), all ? Plain(row.Item2) : InspectCommand.OneLine(row.Item2)])
            .ToArray();
        if (rows.Length > 0)
            foreach (var line in TextTable.Lines(rows, indent: 2))
                context.Out.WriteLine(string.Concat(line.Select(static cell => cell.Text)));
        if (command is null) return;
        if (Difference(texts, context.Models) is { } difference) context.Out.WriteLine(difference);
        context.Out.WriteLine("This command makes it again:");
        context.Out.WriteLine(command);
    }

    private static string Described(int texts) => texts == 0
        ? "it has no text"
        : $"{(texts == 1 ? "its text is" : $"its {texts} texts are")} not of 'dit sample'";

    private static string? Difference(IReadOnlyDictionary<string, string> texts, IReadOnlyList<ModelDefinition> models) =>
        models.FirstOrDefault(model => model.Card.Name == texts[RecipeField.Model]) is { } known
        && texts.TryGetValue(RecipeField.Spec, out var hash) && hash != known.Card.SpecHash
            ? $"The {known.Card.Name} of this program has a different spec, with the hash {known.Card.SpecHash}: the image may differ."
            : null;

    private static string Plain(string text) => string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
}
