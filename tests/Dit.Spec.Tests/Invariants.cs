namespace Dit.Spec.Tests;

/// <summary>What holds for every text whatever, a spec or not.</summary>
internal static class Invariants
{
    /// <summary>Reads the text and says what is wrong with the answer; null when it is in order.</summary>
    public static string? Broken(string text)
    {
        try
        {
            var file = SpecFile.Parse(text);
            return file.Errors.Count == 0 != file.Models.Count > 0 ? $"{file.Errors.Count} errors and {file.Models.Count} models"
                : file.Errors.Select(error => Broken(text, error)).FirstOrDefault(static broken => broken is not null);
        }
        catch (Exception thrown)
        {
            return $"threw {thrown}";
        }
    }

    private static string? Broken(string text, SpecError error) =>
        error.Message.Length < 10 || error.Message.Length > 1000 || error.Message.Any(char.IsControl)
            ? $"a message that nobody can read: {error}"
        : IsOutside(text, error.At) || (error.Fix is { } fix && IsOutside(text, fix.At)) ? $"a place outside the text: {error}"
        : null;

    private static bool IsOutside(string text, TextRange at) =>
        at.Start < 0
        || at.Length < 0
        || at.Start + at.Length > text.Length
        || At(text, at.Start) != (at.Line, at.Column)
        || At(text, at.Start + at.Length) != (at.EndLine, at.EndColumn);

    // Lines as the compiler counts them.
    private static (int Line, int Column) At(string text, int offset)
    {
        var (line, start) = (1, 0);
        for (var i = 0; i < offset; i++)
            if (text[i] is '\n' or '\u0085' or '\u2028' or '\u2029' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
                (line, start) = (line + 1, i + 1);
        return (line, offset - start + 1);
    }

    /// <summary>The text after an edit.</summary>
    public static string Apply(string text, SpecFix fix) => text[..fix.At.Start] + fix.Text + text[(fix.At.Start + fix.At.Length)..];
}
