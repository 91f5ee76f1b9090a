using Dit.Spec;

namespace Dit.Commands;

/// <summary>Run files as a JSON schema, for completion and hints in editors.</summary>
internal static class RunSchema
{
    /// <summary>The schema, JSON Schema 2020-12, as <c>definitions/dit-run.schema.json</c> has it.</summary>
    public static string Json => JsonText.Object(
        ("$schema", JsonText.String("https://json-schema.org/draft/2020-12/schema")),
        ("title", JsonText.String("Dit.Gen run file")),
        ("description", JsonText.String("Settings of a training run, for 'dit train'; see docs/run-files.md.")),
        ("type", JsonText.String("object")),
        ("properties", JsonText.Object([.. RunKeys.All.Select(static key => (key.Name, (string?)key.Schema))])),
        ("additionalProperties", "false")) + "\n";
}
