namespace Dit.Spec;

/// <summary>The spec language as a JSON schema, for completion and hints in editors.</summary>
/// <remarks>
/// It covers single values and mappings: keys, kinds, ranges, words. Rules between values are left to the compiler.
/// Only keywords known to the YAML language server are used: closed objects instead of unevaluatedProperties.
/// </remarks>
public static class SpecSchema
{
    /// <summary>The schema, JSON Schema 2020-12, as <c>definitions/dit.schema.json</c> holds it.</summary>
    public static string Json => JsonText.Object(
        ("$schema", JsonText.String("https://json-schema.org/draft/2020-12/schema")),
        ("title", JsonText.String("Dit.Gen model spec (*.dit.yaml, *.dit.yml)")),
        ("description", JsonText.String("One Diffusion Transformer, or a family of them; see docs/spec.md.")),
        ("type", JsonText.String("object")),
        ("properties", JsonText.Object([.. SpecKeys.OfFile.Select(static key => (key.Name, (string?)Reference(key)))])),
        ("additionalProperties", "false"),
        ("if", JsonText.Object(("anyOf", JsonText.List([Needs(SpecKeys.Family), Needs(SpecKeys.Matrix)])))),
        ("then", JsonText.Object(
            ("required", Names(SpecKeys.Family, SpecKeys.Matrix)),
            ("properties", JsonText.Object((SpecKeys.Model.Name, "false"))))),
        ("else", JsonText.Object(("required", Names([SpecKeys.Model, .. SpecKeys.OfModel.Where(static k => k.Required)])))),
        ("$defs", JsonText.Object([
            .. SpecKeys.OfFile.Select(static key => (key.Name, (string?)Of(key))),
            ("cell", JsonText.Object(
                ("description", JsonText.String("The keys that this name stands for.")),
                ("type", JsonText.String("object")),
                ("properties", JsonText.Object([.. SpecKeys.OfModel.Select(static key => (key.Name, (string?)Reference(key)))])),
                ("additionalProperties", "false"))),
            ("cells", JsonText.Object(
                ("type", JsonText.String("object")),
                ("minProperties", "1"),
                ("propertyNames", NameText),
                ("additionalProperties", ReferenceTo("cell")))),
        ]))) + "\n";

    private static string NameText =>
        JsonText.Object(("type", JsonText.String("string")), ("minLength", "1"), ("maxLength", JsonText.Number(NameKey.MaxLength)));

    private static string ReferenceTo(string name) => $"{{ \"$ref\": {JsonText.String($"#/$defs/{name}")} }}";

    private static string Reference(SpecKey key) => ReferenceTo(key.Name);

    private static string Needs(SpecKey key) => $"{{ \"required\": {Names(key)} }}";

    private static string Names(params SpecKey[] keys) => JsonText.List(keys.Select(static key => JsonText.String(key.Name)));

    private static string Described(SpecKey key, params (string Name, string? Value)[] members) =>
        JsonText.Object([("description", JsonText.String(Description(key))), .. members]);

    private static string Description(SpecKey key) => key is WordKey word
        ? $"{key.Meaning}: {string.Join("; ", word.Words.Where(static w => w.Available).Select(static w => $"{w.Text}, {w.Meaning}"))}."
        : $"{key.Meaning}.";

    private static string Of(SpecKey key) => key.Match(
        static integer => Described(
            integer, ("type", JsonText.String("integer")), ("minimum", JsonText.Number(integer.Min)),
            ("maximum", JsonText.Number(integer.Max)),
            ("default", integer.Default is null ? null : integer.DefaultText),
            ("examples", $"[{integer.Example}]")),
        static number => Described(
            number, ("type", JsonText.String("number")), ("minimum", JsonText.Number(number.Min)),
            ("maximum", JsonText.Number(number.Max)), ("default", number.DefaultText), ("examples", $"[{number.Example}]")),
        static word => Described(
            word, ("enum", JsonText.List(word.Available.Select(JsonText.String))),
            ("default", word.DefaultText is { Length: > 0 } text ? JsonText.String(text) : null)),
        static name => Described(
            name, ("type", JsonText.String("string")), ("minLength", "1"), ("maxLength", JsonText.Number(NameKey.MaxLength)),
            ("examples", $"[{JsonText.String(name.Example)}]")),
        Size,
        static flag => Described(flag, ("const", "true")),
        Mapping,
        static map => Described(
            map,
            ("type", JsonText.String("object")),
            ("maxProperties", JsonText.Number(map.MaxEntries)),
            ("propertyNames", NameText),
            ("additionalProperties", Of(map.Entry))),
        Matrix,
        Integers,
        static either => Described(
            either, ("anyOf", JsonText.List([Of(either.Word), Of(either.Mapping)])),
            ("default", either.DefaultText is { } text ? JsonText.String(text) : null)),
        static @switch => Described(
            @switch, ("type", JsonText.String("boolean")),
            ("default", @switch.DefaultText is { Length: > 0 } text ? text : null), ("examples", $"[{@switch.Example}]")));

    private static string Integers(IntListKey key) => Described(
        key,
        ("type", JsonText.String("array")),
        ("items", $"{{ \"type\": \"integer\", \"minimum\": {key.Min}, \"maximum\": {key.Max} }}"),
        ("minItems", "1"),
        ("maxItems", JsonText.Number(key.MaxItems)),
        ("examples", $"[{key.Example}]"));

    private static string Size(SizeKey key)
    {
        var side = $"{{ \"type\": \"integer\", \"minimum\": {key.Min}, \"maximum\": {key.Max} }}";
        return Described(
            key, ("anyOf", JsonText.List([side, $"{{ \"type\": \"array\", \"items\": {side}, \"minItems\": 2, \"maxItems\": 2 }}"])),
            ("examples", $"[{key.Example}]"));
    }

    private static string Mapping(MappingKey key)
    {
        var mapping = new (string, string?)[]
        {
            ("type", JsonText.String("object")),
            ("properties", JsonText.Object([.. key.Keys.Select(static k => (k.Name, (string?)Of(k)))])),
            ("required", key.Keys.Any(IsAlwaysRequired) ? Names([.. key.Keys.Where(IsAlwaysRequired)]) : null),
            ("oneOf", key.Keys.Any(IsCondition) ? JsonText.List(key.Keys.Where(IsCondition).Select(Needs)) : null),
            ("additionalProperties", "false"),
        };
        return key.Word is { } word
            ? Described(key, ("anyOf", JsonText.List([JsonText.Object(mapping), JsonText.Object(("const", JsonText.String(word)))])))
            : Described(key, mapping);
    }

    // Exactly one of the conditions is required.
    private static bool IsAlwaysRequired(SpecKey key) => key.Required && !IsCondition(key);

    private static bool IsCondition(SpecKey key) => ConditionKeys.Naming.Contains(key);

    // An axis with the name of a key may list its values; any axis may map names to cells.
    private static string Matrix(MatrixKey key) => Described(
        key,
        ("type", JsonText.String("object")),
        ("minProperties", "1"),
        (
            "properties",
            JsonText.Object([.. SpecKeys.OfModel.Where(static k => k is IntKey or NumberKey or WordKey or WordOrMappingKey)
                .Select(static k => (k.Name, (string?)JsonText.Object(("anyOf", JsonText.List(
        [
            JsonText.Object(("type", JsonText.String("array")), ("items", Reference(k)), ("minItems", "1"), ("uniqueItems", "true")),
            ReferenceTo("cells"),
        ])))))])),
        ("additionalProperties", ReferenceTo("cells")));
}
