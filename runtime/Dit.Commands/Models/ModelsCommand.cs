using System.CommandLine;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary><c>dit models</c>: what there is.</summary>
internal static class ModelsCommand
{
    private static readonly (string, bool)[] Columns =
        [
            ("model", false),
            ("variant", false),
            ("condition", false),
            ("input", false),
            ("latents of", false),
            ("tokens", true),
            ("parameters", true),
            ("MACs", true),
        ];

    public static Command Create(CommandContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command(
            "models",
            "List the models by family, with their parameters and the multiply-accumulates of one forward pass.")
        {
            json,
        };
        command.SetAction(parsed =>
        {
            var families = context.Models.GroupBy(static model => ModelFamily.Of(model.Card.Name)).ToArray();
            if (parsed.GetValue(json)) context.Out.WriteLine(Json.Of(families.SelectMany(static family => family).Select(Report)));
            else context.WriteTable(Columns, families.SelectMany(Rows));
        });
        return command;
    }

    // A family has a line of its own above its models, unless it is one model of that name.
    private static IEnumerable<IReadOnlyList<string>> Rows(IGrouping<string, ModelDefinition> family)
    {
        if (family.Any(model => model.Card.Name != family.Key))
            yield return [$"{family.Key}:", .. Enumerable.Repeat("", Columns.Length - 1)];
        foreach (var model in family) yield return Row(model.Card, model.Joint);
    }

    private static IReadOnlyList<string> Row(ModelCard card, JointShape? joint) =>
    [
        card.Name,
        card.Conditioning,
        joint is null ? card.Condition.ToString() ?? "" : Words(joint),
        card.Input.ToString(),
        card.Autoencoder?.Name ?? "",
        Amount.Whole(card.Tokens), Amount.Whole(card.Parameters), Amount.Short(card.Macs),
    ];

    private static string Words(JointShape joint) => $"text {joint.TextTokens} x {joint.TextWidth}, CLIP {joint.ClipWidth}";

    private static object Report(ModelDefinition model) => Report(model.Card, model.Joint);

    private static object Report(ModelCard card, JointShape? joint) => new
    {
        Family = ModelFamily.Of(card.Name),
        card.Name,
        card.Backbone,
        card.Conditioning,
        Variant = card.Conditioning,
        Condition = card.Condition.Match(
            static _ => new ConditionReport("none"),
            static classes => new("classes", Classes: classes.Count, Dropout: classes.Dropout),
            static text => new("text", Tokens: text.Tokens, Width: text.Width, Dropout: text.Dropout)),
        card.Input,
        card.OutputChannels,
        card.Classes,
        LabelDropout = card.Condition.Dropout,
        card.Depth,
        card.Width,
        card.Heads,
        card.PatchSize,
        card.Tokens,
        card.Parameters,
        card.TrainableParameters,
        card.Macs,
        Autoencoder = card.Autoencoder?.Name ?? "none",
        card.SpecHash,
        card.Flops,
        HasNullClass = card.CanBeGuided,
        card.NullClass,
        card.IsPixelSpace,
        Numerics = card.Numerics.ToString().ToLowerInvariant(),
        card.CanBeGuided,
        Joint = joint is null ? null : new { joint.ClipWidth, joint.TextTokens, joint.TextWidth, joint.DataTypes },
    };
}
