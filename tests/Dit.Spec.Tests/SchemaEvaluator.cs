using System.Text.Json;

namespace Dit.Spec.Tests;

/// <summary>
/// JSON Schema 2020-12, as much of it as the schema of specs uses; any other keyword is refused, so that none goes
/// unheeded.
/// </summary>
internal sealed class SchemaEvaluator(string schema)
{
    private readonly JsonElement root = JsonDocument.Parse(schema).RootElement;

    public bool Accepts(JsonElement value) => Accepts(root, value);

    private bool Accepts(JsonElement schema, JsonElement value) => schema.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => schema.EnumerateObject().All(keyword => Keeps(schema, keyword.Name, keyword.Value, value)),
    };

    private bool Keeps(JsonElement schema, string keyword, JsonElement rule, JsonElement value) => keyword switch
    {
        "$schema" or "$defs" or "title" or "description" or "default" or "examples" or "then" or "else" => true,
        "$ref" => Accepts(Resolve(rule.GetString() ?? ""), value),
        "type" => IsOfType(rule.GetString(), value),
        "enum" => rule.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)),
        "const" => JsonElement.DeepEquals(rule, value),
        "anyOf" => rule.EnumerateArray().Any(option => Accepts(option, value)),
        "oneOf" => rule.EnumerateArray().Count(option => Accepts(option, value)) == 1,
        "if" => !schema.TryGetProperty(Accepts(rule, value) ? "then" : "else", out var branch) || Accepts(branch, value),
        "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.GetDouble(),
        "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() <= rule.GetDouble(),
        "minLength" => value.ValueKind != JsonValueKind.String || value.GetString()?.Length >= rule.GetInt32(),
        "maxLength" => value.ValueKind != JsonValueKind.String || value.GetString()?.Length <= rule.GetInt32(),
        "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= rule.GetInt32(),
        "maxItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= rule.GetInt32(),
        "uniqueItems" => value.ValueKind != JsonValueKind.Array
            || value.EnumerateArray().Select(static item => item.GetRawText()).Distinct().Count() == value.GetArrayLength(),
        "items" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(item => Accepts(rule, item)),
        _ => KeepsOfObject(schema, keyword, rule, value),
    };

    private bool KeepsOfObject(JsonElement schema, string keyword, JsonElement rule, JsonElement value) => (keyword, value.ValueKind) switch
    {
        (
            "required"
                or "minProperties"
                or "maxProperties"
                or "propertyNames"
                or "properties"
                or "additionalProperties",
            not JsonValueKind.Object
        ) => true,
        ("required", _) => rule.EnumerateArray().All(name => value.TryGetProperty(name.GetString() ?? "", out _)),
        ("minProperties", _) => value.EnumerateObject().Count() >= rule.GetInt32(),
        ("maxProperties", _) => value.EnumerateObject().Count() <= rule.GetInt32(),
        ("propertyNames", _) => value.EnumerateObject().All(member => Accepts(rule, JsonSerializer.SerializeToElement(member.Name))),
        ("properties", _) => value
            .EnumerateObject()
            .All(member => !rule.TryGetProperty(member.Name, out var own) || Accepts(own, member.Value)),
        ("additionalProperties", _) => value
            .EnumerateObject()
            .All(member =>
                (schema.TryGetProperty("properties", out var named) && named.TryGetProperty(member.Name, out _))
                || Accepts(rule, member.Value)),
        _ => throw new NotSupportedException($"The schema uses '{keyword}', which this evaluator does not know."),
    };

    private JsonElement Resolve(string reference)
    {
        Assert.StartsWith("#/", reference);
        return reference[2..].Split('/').Aggregate(root, static (at, name) => at.GetProperty(name));
    }

    private static bool IsOfType(string? type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        // 2.0 is an integer to JSON Schema
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() == Math.Floor(value.GetDouble()),
        _ => throw new NotSupportedException($"The schema uses the type '{type}', which this evaluator does not know."),
    };
}
