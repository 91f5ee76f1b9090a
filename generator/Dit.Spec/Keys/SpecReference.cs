using System.Text;

namespace Dit.Spec;

/// <summary>
/// The reference of the spec language: every key with what it takes, its default, its meaning and its rules.
/// </summary>
public static class SpecReference
{
    /// <summary>The page, as <c>docs/spec.md</c> holds it.</summary>
    public static string Markdown
    {
        get
        {
            var text = new StringBuilder(Introduction);
            text.Append("\n## Keys at the top\n\nA file declares one model (`model`) or a family of models (`family` and `matrix`). "
                + "The other keys describe the model; in a family each of them stands at the top for all members, or in the matrix.\n\n");
            Table(text, SpecKeys.OfFile, "");
            foreach (var (path, keys) in SpecKeys.OfModel.SelectMany(static key => Mappings(key, key.Name)))
            {
                text.Append($"\n## {path}\n\n");
                Table(text, keys, path + ".");
            }
            text.Append("\n## Words\n\nWhat is not available yet belongs to the language, "
                + "and is [DIT009](diagnostics/DIT009.md) in this version.\n\n| key | word | meaning | |\n|---|---|---|---|\n");
            foreach (var (path, key) in SpecKeys.OfModel.SelectMany(static key => Words(key, key.Name)))
                foreach (var word in key.Words)
                    text.Append($"| `{path}` | `{word.Text}` | {word.Meaning} | {(word.Available ? "" : "not available yet")} |\n");
            return MarkdownText.Filled(text.Append(Families).Append(Writing).ToString().Replace("\r\n", "\n"));
        }
    }

    private static readonly string Introduction = $$"""
        # The spec

        <!-- Written from generator/Dit.Spec/Keys/SpecKeys.cs; a test holds the two together. -->

        A spec is a YAML file whose name ends in `.dit.yaml` or `.dit.yml`. The compiler checks it and writes its models; every mistake is an error with an id, a line,
        a column and a sentence that says what would be right. [The diagnostics](diagnostics/README.md) explain each of them.

        ```yaml
        model: DiT-XL/2
        depth: {{TransformerKeys.Depth.Example}}
        width: {{TransformerKeys.Width.Example}}
        heads: {{TransformerKeys.Heads.Example}}
        patch_size: {{TransformerKeys.PatchSize.Example}}
        input: {{SpecKeys.Input.Example}}
        conditioning: {{SpecKeys.Conditioning.Example}}
        autoencoder: {{SpecKeys.Autoencoder.Example}}
        samplers:
          ddpm-250: { method: ddpm, steps: 250 }
          ddim-50: { method: ddim, steps: 50 }
        ```

        ## In an editor

        `definitions/dit.schema.json` is a JSON schema of everything on this page; `dit schema > dit.schema.json` writes it anywhere. Editors that use the YAML language server (VS Code with the YAML extension,
        Neovim) complete keys and words by it when the file's first line says where it is, relative to the file:

        ```yaml
        # yaml-language-server: $schema=dit.schema.json
        ```

        or when the settings map it to all specs: in VS Code `"yaml.schemas": { "definitions/dit.schema.json": ["*.dit.yaml", "*.dit.yml"] }`, in JetBrains IDEs under
        Languages & Frameworks, Schemas and DTDs, JSON Schema Mappings. The schema knows kinds, ranges and words; rules between values
        (that heads divide the width, for instance) are the compiler's and `dit check`'s.

        """;

    private static readonly string Families = $$"""

        ## Families

        The matrix of a family has axes, and each combination of one value from each axis is a model. At most {{SpecKeys.Matrix.MaxMembers}} models come out of a file.

        ```yaml
        family: DiT-{size}/{patch_size}
        matrix:
          size:                # names, each with the keys it stands for
            S: { depth: 12, width: 384, heads: 6 }
            B: { depth: 12, width: 768, heads: 12 }
          patch_size: [2, 4]   # values of the key that the axis is named after
        input: { channels: 4, size: 32 }
        conditioning: { classes: 1000 }
        ```

        - The family's name has a placeholder in braces for each axis, so that members differ in name ([DIT008](diagnostics/DIT008.md)).
        - A key without a default is given by every cell of an axis, or by none ([DIT014](diagnostics/DIT014.md)).
        - A key stands in the matrix, on one axis, or at the top; never in two places ([DIT015](diagnostics/DIT015.md)).

        """;

    private static readonly string Writing = $"""

        ## How it is written

        - Numbers are plain digits: `1000`, not `1_000`, `1e3`, `0x3e8` or `"1000"`; `0.1`, not `.1` ([DIT004](diagnostics/DIT004.md)). YAML readers take the others for different things.
        - A name that YAML readers take for a truth value, such as `no` or `on`, is quoted ([DIT013](diagnostics/DIT013.md)). Names have at most {NameKey.MaxLength} characters.
        - Indentation is spaces ([DIT011](diagnostics/DIT011.md)). There are no anchors, aliases, tags, merge keys or directives ([DIT012](diagnostics/DIT012.md)).
        - A key stands once in its mapping ([DIT005](diagnostics/DIT005.md)), and no unknown key is passed over ([DIT002](diagnostics/DIT002.md)).
        - A file holds one document ([DIT001](diagnostics/DIT001.md)) of at most {SpecText.MaxLength} characters. Line ends and a byte order mark do not matter.
        - It is UTF-8, or UTF-16 with a byte order mark; other bytes are an error ([DIT018](diagnostics/DIT018.md)), never replaced.
        - Keys, words, numbers and what stands between them are ASCII. Names may hold letters of any script. A character that cannot be seen, or that looks like ASCII and is not, is an error
          with its code point outside comments ([DIT017](diagnostics/DIT017.md)); comments may hold all but control characters and those that reorder text.

        """;

    private static void Table(StringBuilder text, IReadOnlyList<SpecKey> keys, string prefix)
    {
        text.Append("| key | takes | default | meaning | rules |\n|---|---|---|---|---|\n");
        foreach (var key in keys)
            text.Append($"| `{prefix}{key.Name}` | {Takes(key, prefix + key.Name)} | {Default(key)} | {key.Meaning}{Owners(prefix, key)} | "
                + $"{string.Join(", ", key.Rules.Select(static r => $"[{r.Id}](diagnostics/{r.Id}.md \"{r.Title}\")"))} |\n");
    }

    // Where not every backbone has the key.
    private static string Owners(string prefix, SpecKey key) =>
        (prefix.Length == 0 || prefix == $"{SpecKeys.Conditioning.Name}.")
        && SpecKeys.BackbonesWith(prefix.TrimEnd('.'), key.Name) is { Count: > 0 } some
        && some.Count < SpecKeys.Backbone.Available.Length
            ? $"; for {string.Join(" and ", some.Select(static word => $"`backbone: {word}`"))}"
            : "";

    private static string Takes(SpecKey key, string path) => key switch
    {
        WordKey word => string.Join(", ", word.Available.Select(static w => $"`{w}`")),
        WordOrMappingKey either => $"{Takes(either.Word, path)}, or [a mapping](#{Anchor(path)})",
        FlagKey => "`true`",
        SwitchKey => "`true`, `false`",
        MappingKey { Word: { } word } => $"[a mapping](#{Anchor(path)}), or `{word}`",
        MappingKey or MapKey => $"[a mapping](#{Anchor(path)})",
        MatrixKey => "[axes](#families)",
        _ => key.Wanted,
    };

    // As GitHub derives it from a heading.
    private static string Anchor(string path) => path.Replace(".", "");

    private static string Default(SpecKey key) => key switch
    {
        _ when ConditionKeys.Naming.Contains(key) => "one of the three must be given",
        _ when key == SpecKeys.Model => "must be given, or a family",
        _ when key == SpecKeys.Family || key == SpecKeys.Matrix => "must be given for a family",
        { DefaultText: { Length: > 0 } text } => $"`{text}`",
        MappingKey { Optional: true } => "each key's",
        SwitchKey => "by `autoencoder`",
        _ when key == DiffusionKeys.Loss => "the prediction",
        { Required: true } => "must be given",
        _ => "none",
    };

    private static IEnumerable<(string Path, IReadOnlyList<SpecKey> Keys)> Mappings(SpecKey key, string path) => key switch
    {
        WordOrMappingKey either => Mappings(either.Mapping, path),
        MappingKey mapping => [(path, mapping.Keys), .. mapping.Keys.SelectMany(k => Mappings(k, $"{path}.{k.Name}"))],
        MapKey names => [($"{path}.*", names.Entry.Keys)],
        _ => [],
    };

    private static IEnumerable<(string Path, WordKey Key)> Words(SpecKey key, string path) => key switch
    {
        WordKey word => [(path, word)],
        WordOrMappingKey either => [(path, either.Word), .. Words(either.Mapping, path)],
        MappingKey mapping => mapping.Keys.SelectMany(k => Words(k, $"{path}.{k.Name}")),
        MapKey names => names.Entry.Keys.SelectMany(k => Words(k, $"{path}.*.{k.Name}")),
        _ => [],
    };
}
