using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Dit.Commands;

/// <summary>A piece of a page, well-formed as XML. Texts that are put into one are escaped.</summary>
/// <param name="Markup">The markup.</param>
internal sealed record Html(string Markup)
{
    /// <summary>Nothing.</summary>
    public static Html None { get; } = new("");

    /// <summary>Markup with values in it: pieces of pages as they are, everything else as text.</summary>
    public static Html Of(HtmlWriter writer) => new(writer.Written);

    /// <summary>Pieces one after another, a line each.</summary>
    public static Html Lines(IEnumerable<Html> pieces) => new(string.Join('\n', pieces.Select(static piece => piece.Markup)));

    /// <inheritdoc/>
    public override string ToString() => Markup;
}

/// <summary>Writes an interpolated string as a piece of a page.</summary>
/// <param name="literals">Letters of the parts that are markup.</param>
/// <param name="values">Number of values.</param>
[InterpolatedStringHandler]
internal readonly ref struct HtmlWriter(int literals, int values)
{
    private const int UsualValue = 16; // letters

    private readonly StringBuilder text = new(literals + UsualValue * values);

    /// <summary>What was written.</summary>
    public string Written => text.ToString();

    /// <summary>Writes markup.</summary>
    public void AppendLiteral(string markup) => text.Append(markup);

    /// <summary>Writes a piece of a page.</summary>
    public void AppendFormatted(Html? piece) => text.Append(piece?.Markup);

    /// <summary>Writes a text.</summary>
    public void AppendFormatted(string? value) => text.Append(WebUtility.HtmlEncode(Printable(value ?? "")));

    /// <summary>Writes a number.</summary>
    public void AppendFormatted<T>(T value, string? format = null)
        where T : IFormattable => AppendFormatted(value.ToString(format, CultureInfo.InvariantCulture));

    // XML has no other control characters, and no halves of characters.
    private static string Printable(string value) => string.Concat(value.EnumerateRunes().Select(static rune =>
        (Rune.IsControl(rune) && rune.Value is not ('\n' or '\t')) || rune.Value is 0xFFFE or 0xFFFF ? "\uFFFD" : rune.ToString()));
}
