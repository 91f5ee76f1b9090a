using System.Text.RegularExpressions;

namespace Dit.Spec;

/// <summary>
/// Reads the little that can be read, line by line, from a text that is not valid YAML.
/// </summary>
internal static class UnreadableText
{
    private static readonly Regex TopLevel = new(@"^(?<key>\w+)\s*:(?<value>.*)$", RegexOptions.CultureInvariant);

    // A name whose colon is followed by a brace or the end of the line.
    private static readonly Regex Entry = new(
        """(?<=^|[\s{,])(?:"(?<key>[^"\n]*)"|'(?<key>[^'\n]*)'|(?<key>[^\s{},:"'][^{},:"'\n]*?))\s*:[ \t]*(?:\{|$)""",
        RegexOptions.CultureInvariant | RegexOptions.Multiline);

    /// <summary>
    /// The name, the backbone, the kinds of the condition and of the process, and the names of the samplers, as a
    /// mapping without locations.
    /// </summary>
    public static MappingNode Outline(string text)
    {
        var blocks = Blocks(text.Split('\n'));
        return new(
            [
                .. Of(SpecKeys.Model.Name).Select(static name => new SpecEntry(Word(SpecKeys.Model.Name), Word(name))),
                .. Of(SpecKeys.Backbone.Name).Select(static word => new SpecEntry(Word(SpecKeys.Backbone.Name), Word(word))),
                .. Of(SpecKeys.Conditioning.Name)
                    .Select(static value => new SpecEntry(Word(SpecKeys.Conditioning.Name), Conditioning(value))),
                .. Of(SpecKeys.Diffusion.Name).Select(static value => new SpecEntry(Word(SpecKeys.Diffusion.Name), Schedule(value))),
                .. Of(SpecKeys.Samplers.Name).Select(static value => new SpecEntry(Word(SpecKeys.Samplers.Name), Names(value))),
            ],
            default);

        IEnumerable<string> Of(string key) => blocks.Where(block => block.Key == key).Select(static block => block.Value).Take(1);
    }

    // A key at the start of a line, its value, and the indented lines below it.
    private static IReadOnlyList<(string Key, string Value)> Blocks(IEnumerable<string> lines)
    {
        var blocks = new List<(string Key, string Value)>();
        foreach (var line in lines.Select(WithoutComment).Where(static line => line.Length > 0))
            if (TopLevel.Match(line) is { Success: true } key)
                blocks.Add((key.Groups["key"].Value, key.Groups["value"].Value.Trim()));
            else if (blocks.Count > 0 && char.IsWhiteSpace(line[0]))
                blocks[blocks.Count - 1] = (blocks[blocks.Count - 1].Key, blocks[blocks.Count - 1].Value + "\n" + line);
        return blocks;
    }

    private static string WithoutComment(string line) => Regex.Replace(line, @"(^|\s)#.*$", "").TrimEnd();

    private static SpecNode Conditioning(string value)
    {
        if (SpecKeys.Conditioning.Word is { } nothing && value == nothing) return Word(nothing);
        var named = ConditionKeys.Naming.Select(static key => key.Name).Where(name => Regex.IsMatch(value, $@"(^|[\s{{,]){name}\s*:"));
        return new MappingNode([.. named.Select(static name => new SpecEntry(Word(name), Word("true")))], default);
    }

    // It tells which process it is.
    private static MappingNode Schedule(string value) => new(
        [
            .. Regex.Matches(value, $@"(?<=^|[\s{{,]){DiffusionKeys.Schedule.Name}\s*:\s*[""']?(?<word>[\w-]+)").Cast<Match>()
                .Select(static match => new SpecEntry(Word(DiffusionKeys.Schedule.Name), Word(match.Groups["word"].Value))).Take(1),
        ],
        default);

    private static MappingNode Names(string value) =>
        new(
            [.. Entry.Matches(value).Cast<Match>().Select(static match => new SpecEntry(Word(match.Groups["key"].Value), Word("")))],
            default);

    private static ScalarNode Word(string text) => new(text.Split('\n')[0].Trim().Trim('"', '\''), Quoted: false, default);
}
