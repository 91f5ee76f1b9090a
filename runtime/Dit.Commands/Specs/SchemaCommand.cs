using System.CommandLine;
using Dit.Spec;

namespace Dit.Commands;

/// <summary><c>dit schema</c>: what editors complete specs by.</summary>
internal static class SchemaCommand
{
    private const string Description = """
        Print the JSON schema of specs, by which editors complete and check them.

          dit schema > dit.schema.json
        Then let a spec's first line be: # yaml-language-server: $schema=dit.schema.json
        """;

    public static Command Create(CommandContext context)
    {
        var command = new Command("schema", Description);
        command.SetAction(_ => context.Out.WriteLine(SpecSchema.Json.TrimEnd()));
        return command;
    }
}
