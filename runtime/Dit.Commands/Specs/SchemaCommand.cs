using System.CommandLine;
using Dit.Spec;

namespace Dit.Commands;

/// <summary><c>dit schema</c>: what editors complete specs by.</summary>
internal static class SchemaCommand
{
    private const string Description = """
        Print a JSON schema by which editors complete and check specs, or run files of 'dit train'.

          dit schema > dit.schema.json
          dit schema --of run > dit-run.schema.json
        Then let a file's first line be: # yaml-language-server: $schema=dit.schema.json
        """;

    private static readonly Dictionary<string, Func<string>> Schemas = new()
    {
        ["spec"] = static () => SpecSchema.Json,
        ["run"] = static () => RunSchema.Json,
    };

    public static Command Create(CommandContext context)
    {
        var of = new Option<string>("--of")
        {
            Description = "Of what: specs of models, or run files.",
            DefaultValueFactory = static _ => "spec",
        };
        of.AcceptOnlyFromAmong([.. Schemas.Keys]);
        var command = new Command("schema", Description) { of };
        command.SetAction(parsed => context.Out.WriteLine(Schemas[parsed.GetRequiredValue(of)]().TrimEnd()));
        return command;
    }
}
