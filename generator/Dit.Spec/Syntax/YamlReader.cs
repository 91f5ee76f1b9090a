using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dit.Spec;

/// <summary>
/// Parses YAML into nodes with locations. The only file that uses YamlDotNet, whose messages are not shown.
/// </summary>
internal static class YamlReader
{
    /// <summary>Far more than a spec needs, and far less than would overflow the compiler's stack.</summary>
    private const int MaxDepth = 16;

    // Words in a message of YamlDotNet, and our message instead; the first match wins.
    private static (string Words, Rule Rule, string Message)[] Complaints(FileWords words) =>
    [
        ("anchor", Rule.YamlFeature, $"Anchors and aliases are not used in {words.Many}; write the value out"),
        ("tag", Rule.YamlFeature, $"Tags are not used in {words.Many}; write the value alone"),
        ("directive", Rule.YamlFeature, $"Directives are not used in {words.Many}; remove the line"),
        (
            "escape", Rule.Yaml,
            "A '\\' in double quotes starts no known escape here; write '\\\\' for the character itself, or use single quotes"),
        (
            "hexadecimal", Rule.Yaml,
            "A '\\' in double quotes starts an escape that is not complete; write its hexadecimal digits, or use single quotes"),
        ("surrogate", Rule.Yaml, "An escape in double quotes is half of a character; write the character itself"),
        ("block scalar", Rule.Yaml, "A text that starts with '|' or '>' is not laid out right; write the value on one line"),
        (
            "'-' indicator", Rule.Yaml,
            "This line is not an item of the list above it; start it with '- ', or write the list in brackets, as in [2, 4]"),
        ("sequence entries", Rule.Yaml, "A list item '- ' cannot stand here; write the list in brackets, as in [2, 4]"),
        ("Mapping keys", Rule.Yaml, "A '?' cannot stand here; a key is a word with a colon behind it"),
        ("comment", Rule.Yaml, "A '#' cannot stand here; put a space before a comment, and quote a value that holds one"),
        ("document", Rule.Yaml, $"This is outside the document; a {words.File} holds one document, so remove it"),
        ("end of the stream", Rule.Yaml, "The file ends in the middle of a value; write the rest of it"),
    ];

    private const string Otherwise =
        "This cannot be read as YAML; write each setting as 'key: value' on its own line, in one column with the keys beside it";

    /// <summary>The mapping that the file is.</summary>
    /// <param name="lines">The text.</param>
    /// <param name="keys">The keys of the language, to explain mistakes.</param>
    public static Result<MappingNode> Read(TextLines lines, KeyNames keys)
    {
        var foreignFile = new ForeignFile(keys);
        if (foreignFile.Error(lines) is { } foreign) return Result.Fail<MappingNode>(foreign);
        var read = new YamlText(lines, keys.Words).Read();
        if (read.Match(document => document.Root is MappingNode root ? foreignFile.Error(root) : null, static _ => null) is { } other)
            return Result.Fail<MappingNode>(other);
        SpecError[] odd = [.. SpecCharacters.Errors(lines)];
        if (odd.Length > 0) return new Result<MappingNode>.Failed(odd);
        return YamlTraps.Errors(lines, keys.Words) is { Count: > 0 } errors
            ? new Result<MappingNode>.Failed(errors)
            : read.Match(
                static document => document.Mapping,
                failed => new Result<MappingNode>.Failed([.. failed.Select(error => YamlTraps.Explain(lines, error, keys))]));
    }

    /// <summary>A document of YAML.</summary>
    /// <param name="Root">What it holds.</param>
    /// <param name="Wrong">What the language does not use.</param>
    /// <param name="Words">What messages call the file.</param>
    private sealed record Document(SpecNode? Root, IReadOnlyList<SpecError> Wrong, FileWords Words)
    {
        public Result<MappingNode> Mapping => Wrong.Count > 0 ? new Result<MappingNode>.Failed(Wrong)
            : Root is MappingNode mapping ? Result.Of(mapping)
            : Root is null ? new Result<MappingNode>.Failed([])
            : Result.Fail<MappingNode>(new(
                Rule.Yaml, $"A {Words.One} is {Words.Mapping}, not {Root.Kind}", Root.At));
    }

    /// <summary>One text on its way through the parser.</summary>
    private sealed class YamlText
    {
        // YamlDotNet's own handling of a byte order mark leaves offsets unclear; it is not part of the text.
        private readonly int skipped;
        private readonly TextLines lines;
        private readonly FileWords words;
        private readonly Parser parser;
        private readonly List<SpecError> features = [];

        public YamlText(TextLines lines, FileWords words)
        {
            (this.lines, this.words) = (lines, words);
            skipped = lines.Text.StartsWith("\uFEFF", StringComparison.Ordinal) ? 1 : 0;
            parser = new Parser(new StringReader(lines.Text.Substring(skipped)));
        }

        /// <summary>The document, or why the text is not YAML.</summary>
        public Result<Document> Read()
        {
            try
            {
                return Result.Of(ReadDocument());
            }
            catch (SlipException slip)
            {
                return Result.Fail<Document>(slip.Error);
            }
            catch (YamlException error)
            {
                bool Fits((string Words, Rule, string) complaint) =>
                    error.Message.IndexOf(complaint.Words, StringComparison.OrdinalIgnoreCase) >= 0;
                var (_, rule, message) = Complaints(words).FirstOrDefault(Fits) is { Message: not null } known
                    ? known
                    : ("", Rule.Yaml, Otherwise);
                return Result.Fail<Document>(new(rule, message, Range(error.Start, error.End)));
            }
            catch (Exception error) when (error is InvalidOperationException or ArgumentException or EndOfStreamException)
            {
                // The parser's answer to some broken lists, escapes and document ends, without a place.
                var at = parser.Current?.End ?? Mark.Empty;
                return Result.Fail<Document>(new(
                    Rule.Yaml, "The text behind this cannot be read as YAML; write it as 'key: value', with quotes and brackets closed",
                    Range(at, at)));
            }
        }

        private Document ReadDocument()
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out var end))
                return new(null, [new(Rule.Yaml, $"The file is empty; {words.Start}", Range(end.Start, end.End))], words);
            parser.Consume<DocumentStart>();
            var root = Read(depth: 0);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out var second))
                return new(
                    root,
                    [new(
                        Rule.Yaml, $"A {words.File} holds one YAML document; put the second one into a file of its own",
                        Range(second.Start, second.End))],
                    words);
            return new(root, features, words);
        }

        // Features of YAML that the language does not use are recorded and skipped, so that all of them are reported.
        private SpecNode Read(int depth)
        {
            if (depth > MaxDepth && parser.Current is { } deep)
                throw new SlipException(new(
                    Rule.Yaml,
                    FormattableString.Invariant(
                        $"Lists and mappings nest more than {MaxDepth} deep here; a {words.One} needs {words.Levels}"),
                    Range(deep.Start, deep.End)));
            if (parser.Current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                Note($"Anchors and aliases are not used in {words.Many}; write the value out");
            else if (parser.Current is NodeEvent { Tag.IsEmpty: false })
                Note($"Tags are not used in {words.Many}; write the value alone");
            if (parser.TryConsume<Scalar>(out var scalar))
                return new ScalarNode(scalar.Value, scalar.Style is not ScalarStyle.Plain, Range(scalar.Start, scalar.End));
            if (parser.TryConsume<SequenceStart>(out var list))
                return ReadList(list, depth);
            if (parser.TryConsume<MappingStart>(out var mapping))
                return ReadMapping(mapping, depth);
            var other = parser.Consume<ParsingEvent>();
            return new ScalarNode("", Quoted: true, Range(other.Start, other.End));
        }

        private void Note(string message)
        {
            if (parser.Current is { } at)
                features.Add(new(Rule.YamlFeature, message, Range(at.Start, at.End)));
        }

        private ListNode ReadList(SequenceStart start, int depth)
        {
            var items = new List<SpecNode>();
            while (!parser.Accept<SequenceEnd>(out _))
                items.Add(Read(depth + 1));
            return new(items, Range(start.Start, parser.Consume<SequenceEnd>().End));
        }

        private MappingNode ReadMapping(MappingStart start, int depth)
        {
            var entries = new List<SpecEntry>();
            while (!parser.Accept<MappingEnd>(out _))
            {
                var key = Read(depth + 1);
                if (key is not ScalarNode name)
                    throw new SlipException(new(Rule.Yaml, $"A key is a word, not {key.Kind}; write 'key: value'", key.At));
                entries.Add(new(name, Read(depth + 1)));
            }
            return new(entries, Range(start.Start, parser.Consume<MappingEnd>().End));
        }

        private TextRange Range(in Mark start, in Mark end) => lines.Range((int)start.Index + skipped, (int)end.Index + skipped);
    }

    /// <summary>The error for text that YamlDotNet accepts and the language does not.</summary>
    private sealed class SlipException(SpecError error) : Exception
    {
        public SpecError Error => error;
    }
}
