using System.Globalization;
using System.Text;

namespace Dit.Spec;

/// <summary>
/// Writes a text as a YAML scalar: plain where every reader takes it as text, in double quotes otherwise.
/// </summary>
internal static class YamlScalar
{
    /// <summary>The text on one line, read back as it is by our reader and by others.</summary>
    public static string Write(string text)
    {
        if (IsPlain(text)) return text;
        // Look-alikes of ASCII are legal in words of their own script only: SpecCharacters decides.
        var raw = Quoted(text, static code => Characters.Plain(code) is null);
        return SpecCharacters.Errors(new TextLines(raw)).Any()
            ? Quoted(text, static code => Characters.Plain(code) is null && Characters.Letter(code) is null)
            : raw;
    }

    // A word of ASCII that starts with a letter, and is not one that readers of YAML 1.1 or 1.2 take for a value.
    private static bool IsPlain(string text) => text.Length > 0 && IsLetter(text[0]) && text[text.Length - 1] != ' '
        && text.All(static c => IsLetter(c) || c is (>= '0' and <= '9') or '/' or '_' or '.' or '-' or '+' or ' ')
        && YamlWords.TakenFor(text) is null && text is not ("y" or "Y" or "n" or "N");

    private static string Quoted(string text, Func<int, bool> isShown)
    {
        var quoted = new StringBuilder("\"");
        for (var i = 0; i < text.Length;)
        {
            var (code, length) = Characters.At(text, i);
            quoted.Append(
                code is '"' or '\\' ? "\\" + (char)code
                : code >= ' ' && code != Replacement && isShown(code) ? text.Substring(i, length)
                : length == 1 ? "\\u" + code.ToString("x4", CultureInfo.InvariantCulture)
                : "\\U" + code.ToString("x8", CultureInfo.InvariantCulture));
            i += length;
        }
        return quoted.Append('"').ToString();
    }

    // The reader of files takes it for bytes that are not UTF-8.
    private const int Replacement = 0xFFFD;

    private static bool IsLetter(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z');
}
