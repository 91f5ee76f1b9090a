namespace Dit.Spec;

/// <summary>Elements that automatic differentiation keeps of one sample between forward and backward pass.</summary>
/// <param name="All">Those of all layers.</param>
/// <param name="Checkpointed">
/// With activation checkpointing: those outside the blocks, and the tokens that enter each block.
/// </param>
/// <param name="OfBlock">Those of the block that keeps the most, the tokens that enter it included.</param>
public sealed record KeptActivations(long All, long Checkpointed, long OfBlock)
{
    /// <summary>The reading of an evaluated network and its layers.</summary>
    internal static KeptActivations Of(Evaluation network, IReadOnlyCollection<ModelLayer> layers)
    {
        Evaluation[] blocks = [.. BlocksOf(network)];
        long[] inside = [.. blocks.Select(block => layers.Where(layer => IsIn(layer, block)).Sum(static layer => layer.Saved))];
        var all = layers.Sum(static layer => layer.Saved);
        // an argument of several blocks, such as a text or a long skip, is kept once
        var arguments = blocks
            .SelectMany(static block => block.Arguments)
            .Where(static argument => argument.Shape.Count > 2)
            .Distinct()
            .Sum(static argument => Shape.Count(argument.Shape));
        return new(all, all - inside.Sum() + arguments, inside.DefaultIfEmpty().Max());
    }

    private static IEnumerable<Evaluation> BlocksOf(Evaluation network) => network.Statements.SelectMany(statement =>
        statement.Statement is Statement.ForEach
            ? statement.Inside
            : statement
                .Values.Where(value => network.Module.IsBlock(value.Member))
                .Select(static value => value.Inside)
                .OfType<Evaluation>());

    private static bool IsIn(ModelLayer layer, Evaluation block) => layer.Name.StartsWith(block.Path + ".", StringComparison.Ordinal);
}
