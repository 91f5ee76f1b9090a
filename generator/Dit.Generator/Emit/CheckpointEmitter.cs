using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The names and shapes of a model's checkpoint.</summary>
internal static class CheckpointEmitter
{
    private const string FirstBlock = "blocks.0.";

    /// <summary>The plan's parameters, the blocks told once and repeated by a loop.</summary>
    public static string Map(ModelSpec spec, ModelPlan plan)
    {
        var parameters = plan.Parameters;
        var head = parameters.TakeWhile(static p => !p.Name.StartsWith("blocks.", StringComparison.Ordinal));
        var block = parameters.Where(static p => p.Name.StartsWith(FirstBlock, StringComparison.Ordinal));
        var tail = parameters.Where(static p => p.Name.StartsWith("final_layer.", StringComparison.Ordinal));
        return $$"""
            /// <summary>Every tensor of a checkpoint in the order of the state dict, {{(spec.Conditioning.Variant is ConditioningVariant.AdaLNZero ? "under the names of" : "named in the style of")}} the official checkpoints (facebookresearch/DiT).</summary>
            public static IReadOnlyList<CheckpointEntry> CheckpointMap { get; } =
            [
            {{Lines(head.Select(static p => Entry($"\"{p.Name}\"", p)))}}
                .. RepeatedEntries(),
            {{Lines(tail.Select(static p => Entry($"\"{p.Name}\"", p)))}}
            ];

            private static IEnumerable<CheckpointEntry> RepeatedEntries()
            {
                for (var i = 0; i < {{spec.Depth}}; i++)
                {
            {{Code.Indent(string.Join("\n", block.Select(static p => $"yield return {Entry($"$\"blocks.{{i}}.{p.Name.Substring(FirstBlock.Length)}\"", p)};")), 2)}}
                }
            }
            """;
    }

    private static string Lines(IEnumerable<string> entries) => Code.Indent(string.Join("\n", entries.Select(static e => e + ",")));

    private static string Entry(string name, PlannedParameter parameter) => $"new CheckpointEntry({name}, {string.Join(", ", parameter.Shape)})";
}
