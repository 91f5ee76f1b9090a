using System.Globalization;
using System.Text;

namespace Dit.Commands;

/// <summary>
/// Texts that look the same and are the same: Unicode's canonical equivalence (UAX #15), as between one character é and
/// e with an accent.
/// </summary>
/// <remarks>
/// The programs run without ICU (<c>InvariantGlobalization</c>), where <see cref="string.Normalize()"/> does nothing.
/// </remarks>
internal static class CanonicalText
{
    private const string Resource = "canonical.txt";

    // Hangul syllables (The Unicode Standard, section 3.12).
    private const int Syllables = 0xAC00, Leading = 0x1100, Vowels = 0x1161, Trailing = 0x11A7;
    private const int VowelCount = 21, TrailingCount = 28, SyllableCount = 11172;

    private static readonly Lazy<Tables> Known = new(Read);

    /// <summary>
    /// The text decomposed (form NFD): texts that are canonically equivalent have equal decompositions. Halves of
    /// surrogate pairs stay as they are.
    /// </summary>
    public static string Decomposed(string text)
    {
        if (text.All(char.IsAscii)) return text;
        List<(int Class, string Character)> characters = [];
        for (var at = 0; at < text.Length; at++)
        {
            if (!Rune.TryGetRuneAt(text, at, out var rune))
            {
                characters.Add((0, text[at].ToString()));
                continue;
            }
            at += rune.Utf16SequenceLength - 1;
            Append(rune.Value, characters);
        }
        return Ordered(characters);
    }

    private static void Append(int character, List<(int Class, string Character)> into)
    {
        if (character - Syllables is >= 0 and < SyllableCount and var syllable)
        {
            Append(Leading + syllable / (VowelCount * TrailingCount), into);
            Append(Vowels + syllable % (VowelCount * TrailingCount) / TrailingCount, into);
            if (syllable % TrailingCount is > 0 and var trailing) Append(Trailing + trailing, into);
        }
        else if (Known.Value.Decompositions.TryGetValue(character, out var parts))
            foreach (var part in parts) Append(part, into);
        else into.Add((Known.Value.Classes.GetValueOrDefault(character), char.ConvertFromUtf32(character)));
    }

    // Marks behind a character are sorted by their classes; those of one class keep their order.
    private static string Ordered(List<(int Class, string Character)> characters)
    {
        var text = new StringBuilder();
        for (var at = 0; at < characters.Count;)
        {
            var marks = characters.Skip(at + 1).TakeWhile(static next => next.Class != 0).ToArray();
            var first = characters[at];
            IEnumerable<(int Class, string Character)> run =
                first.Class == 0
                    ? [first, .. marks.OrderBy(static mark => mark.Class)]
                    : [.. marks.Prepend(first).OrderBy(static mark => mark.Class)];
            foreach (var (_, character) in run) text.Append(character);
            at += 1 + marks.Length;
        }
        return text.ToString();
    }

    private static Tables Read()
    {
        using var stream = typeof(CanonicalText).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The program was built without {Resource}.");
        using var reader = new StreamReader(stream);
        var tables = new Tables([], []);
        foreach (var line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var words = line.Split(' ');
            if (words[0] == "#") continue;
            if (words[0] != "=")
            {
                tables.Decompositions.Add(Code(words[0]), [.. words.Skip(1).Select(Code)]);
                continue;
            }
            foreach (var range in words.Skip(2).Select(static word => word.Split('-')))
                for (var code = Code(range[0]); code <= Code(range[^1]); code++)
                    tables.Classes.Add(code, int.Parse(words[1], CultureInfo.InvariantCulture));
        }
        return tables;
    }

    private static int Code(string hex) => int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <param name="Decompositions">Of a character, those it is equivalent to.</param>
    /// <param name="Classes">Combining classes other than 0.</param>
    private sealed record Tables(Dictionary<int, int[]> Decompositions, Dictionary<int, int> Classes);
}
