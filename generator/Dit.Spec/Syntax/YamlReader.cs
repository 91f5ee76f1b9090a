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
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out var end))
                return Result.Fail<MappingNode>(new(Rule.Yaml, "The file is empty; a spec starts with 'model: NAME' or 'family: NAME'", Range(end.Start, end.End)));
            parser.Consume<DocumentStart>();
            var root = ReadNode(parser, depth: 0);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out var second))
                return Result.Fail<MappingNode>(new(Rule.Yaml, "A spec file holds one YAML document; put the second one into a file of its own", Range(second.Start, second.End)));
            return root is MappingNode mapping
                ? Result.Of(mapping)
                : Result.Fail<MappingNode>(new(Rule.Yaml, $"A spec is a mapping that starts with 'model: NAME' or 'family: NAME', not {root.Kind}", root.At));
        }
        catch (YamlException error)
        {
            return Result.Fail<MappingNode>(new(Rule.Yaml, $"Not valid YAML: {Sentence(error.Message)}", Range(error.Start, error.End)));
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException) // the scanner's answer to some broken lists and escapes, without a place
        {
            var at = parser.Current?.End ?? Mark.Empty;
            return Result.Fail<MappingNode>(new(Rule.Yaml, "Not valid YAML: the text behind this cannot be read", Range(at, at)));
        }
    }

    private static SpecNode ReadNode(IParser parser, int depth)
    {
        if (depth > MaxDepth && parser.Current is { } deep)
            throw new YamlException(deep.Start, deep.End, $"lists and mappings nest more than {MaxDepth} deep");
        if (parser.TryConsume<Scalar>(out var scalar))
            return new ScalarNode(scalar.Value, scalar.Style is not ScalarStyle.Plain, Range(scalar.Start, scalar.End));
        if (parser.TryConsume<SequenceStart>(out var list))
            return ReadList(parser, list, depth);
        if (parser.TryConsume<MappingStart>(out var mapping))
            return ReadMapping(parser, mapping, depth);
        var other = parser.Consume<ParsingEvent>();

        throw new YamlException(other.Start, other.End, "anchors and aliases are not used in specs; write the value out");
    }

    private static ListNode ReadList(IParser parser, SequenceStart start, int depth)
    {
        var items = new List<SpecNode>();
        while (!parser.Accept<SequenceEnd>(out _))
            items.Add(ReadNode(parser, depth + 1));
        return new(items, Range(start.Start, parser.Consume<SequenceEnd>().End));
    }

    private static MappingNode ReadMapping(IParser parser, MappingStart start, int depth)
    {
        var entries = new List<SpecEntry>();
        while (!parser.Accept<MappingEnd>(out _))
        {
            var key = ReadNode(parser, depth + 1);
            if (key is not ScalarNode name)
                throw new YamlException(start.Start, start.End, $"a key is a word, not {key.Kind}");
            entries.Add(new(name, ReadNode(parser, depth + 1)));
        }
        return new(entries, Range(start.Start, parser.Consume<MappingEnd>().End));
    }

    private static TextRange Range(in Mark start, in Mark end) => new(
        (int)start.Index, Math.Max(0, (int)(end.Index - start.Index)), (int)start.Line, (int)start.Column, (int)end.Line, (int)end.Column);

    private static string Sentence(string message) => message.Trim().TrimEnd('.') is { Length: > 0 } text
        ? char.ToLowerInvariant(text[0]) + text.Substring(1)
        : "the text breaks off";
}
