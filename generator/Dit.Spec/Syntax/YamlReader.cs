using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dit.Spec;

/// <summary>YAML text to located nodes. The only file that knows YamlDotNet.</summary>
internal static class YamlReader
{
    /// <summary>Far more than a spec needs, and far less than the compiler's stack holds.</summary>
    private const int MaxDepth = 16;

    /// <summary>The mapping that the file is.</summary>
    public static Result<MappingNode> Read(string text)
    {
        var lines = new TextLines(text);
        return YamlTraps.Errors(lines) is { Count: > 0 } errors
            ? new Result<MappingNode>.Failed(errors)
            : new YamlText(lines).Read().Match(
                static root => root,
                failed => new Result<MappingNode>.Failed([.. failed.Select(error => YamlTraps.Explain(lines, error))]));
    }

    /// <summary>One text on its way through the parser.</summary>
    private sealed class YamlText
    {
        // YamlDotNet's own handling of a byte order mark leaves offsets unclear; it is not part of the text.
        private readonly int skipped;
        private readonly TextLines lines;
        private readonly Parser parser;
        private readonly List<SpecError> features = [];

        public YamlText(TextLines lines)
        {
            this.lines = lines;
            skipped = lines.Text.StartsWith("\uFEFF", StringComparison.Ordinal) ? 1 : 0;
            parser = new Parser(new StringReader(lines.Text.Substring(skipped)));
        }

        /// <summary>Outside, whether the text is YAML; inside, whether it can be a spec.</summary>
        public Result<Result<MappingNode>> Read()
        {
            try
            {
                return Result.Of(ReadDocument());
            }
            catch (YamlException error)
            {
                return Result.Fail<Result<MappingNode>>(new(Rule.Yaml, $"Not valid YAML: {Sentence(error.Message)}", Range(error.Start, error.End)));
            }
            catch (Exception error) when (error is InvalidOperationException or ArgumentException or EndOfStreamException) // the parser's answer to some broken lists, escapes and document ends, without a place
            {
                var at = parser.Current?.End ?? Mark.Empty;
                return Result.Fail<Result<MappingNode>>(new(Rule.Yaml, "Not valid YAML: the text behind this cannot be read", Range(at, at)));
            }
        }

        private Result<MappingNode> ReadDocument()
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out var end))
                return Result.Fail<MappingNode>(new(Rule.Yaml, "The file is empty; a spec starts with 'model: NAME' or 'family: NAME'", Range(end.Start, end.End)));
            parser.Consume<DocumentStart>();
            var root = Read(depth: 0);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out var second))
                return Result.Fail<MappingNode>(new(Rule.Yaml, "A spec file holds one YAML document; put the second one into a file of its own", Range(second.Start, second.End)));
            return features.Count > 0 ? new Result<MappingNode>.Failed(features)
                : root is MappingNode mapping ? Result.Of(mapping)
                : Result.Fail<MappingNode>(new(Rule.Yaml, $"A spec is a mapping that starts with 'model: NAME' or 'family: NAME', not {root.Kind}", root.At));
        }

        // What YAML has and specs do not use is noted and passed over, so that all of it is reported.
        private SpecNode Read(int depth)
        {
            if (depth > MaxDepth && parser.Current is { } deep)
                throw new YamlException(deep.Start, deep.End, $"lists and mappings nest more than {MaxDepth} deep");
            if (parser.Current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                Note("Anchors and aliases are not used in specs; write the value out");
            else if (parser.Current is NodeEvent { Tag.IsEmpty: false })
                Note("Tags are not used in specs; write the value alone");
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
                    throw new YamlException(start.Start, start.End, $"a key is a word, not {key.Kind}");
                entries.Add(new(name, Read(depth + 1)));
            }
            return new(entries, Range(start.Start, parser.Consume<MappingEnd>().End));
        }

        private TextRange Range(in Mark start, in Mark end) => lines.Range((int)start.Index + skipped, (int)end.Index + skipped);
    }

    private static string Sentence(string message) => message.Trim().TrimEnd('.') is { Length: > 0 } sentence
        ? char.ToLowerInvariant(sentence[0]) + Shown.Line(sentence.Substring(1))
        : "the text breaks off";
}
