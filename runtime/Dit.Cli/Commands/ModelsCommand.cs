using System.CommandLine;
using Dit.Runtime;

namespace Dit.Cli.Commands;

/// <summary><c>dit models</c>: what there is.</summary>
internal static class ModelsCommand
{
    private static readonly (string, bool)[] Columns =
        [("model", false), ("conditioning", false), ("input", false), ("latents of", false), ("classes", true), ("tokens", true), ("parameters", true), ("MACs", true)];

    public static Command Create(CommandContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("models", "List the models, with their parameters and the multiply-accumulates of one forward pass.") { json };
        command.SetAction(parsed =>
        {
            var cards = context.Models.Select(model => model.Card);
            if (parsed.GetValue(json)) context.Out.WriteLine(Json.Of(cards));
            else context.WriteTable(Columns, cards.Select(Row));
        });
        return command;
    }

    private static IReadOnlyList<string> Row(ModelCard card) =>
    [
        card.Name, card.Conditioning, card.Input.ToString(), card.IsPixelSpace ? "" : card.Autoencoder,
        Amount.Whole(card.Classes), Amount.Whole(card.Tokens), Amount.Whole(card.Parameters), Amount.Short(card.Macs),
    ];
}
