using System.Globalization;

namespace Dit.Spec;

/// <summary>The <c>block</c> mapping of a DiT, and the models that each value is legal for.</summary>
internal static class BlockBinder
{
    /// <param name="top">The model's fields.</param>
    /// <param name="shape">The model's sizes.</param>
    /// <param name="variant">The block design.</param>
    public static Result<BlockSpec> Bind(Fields top, Result<TransformerBinder.Shape> shape, Result<ConditioningVariant> variant) =>
        top.Read(BackboneKeys.Dit.Block).Then(fields =>
        {
            var block = Read(fields);
            return (
                    block,
                    Checked(block, shape.WithoutErrors(), (block, shape) => ShapeErrors(fields, block, shape)),
                    Checked(block, variant.WithoutErrors(), (block, variant) => VariantErrors(fields, block, variant)))
                .Apply(static (block, _, _) => block);
        });

    private static Result<BlockSpec> Read(Fields fields) => (
            (fields.OnlyAllowed(), fields.Read(BlockKeys.Norm), fields.Read(BlockKeys.Mlp)).Apply(static (_, norm, mlp) => (norm, mlp)),
            fields.Read(BlockKeys.QueryKeyNorm), fields.Read(BlockKeys.Position), fields.Read(BlockKeys.Shift),
            fields.Read(BlockKeys.Modulation))
        .Apply(static (plain, queryKeyNorm, position, shift, modulation) =>
            new BlockSpec(plain.norm, plain.mlp, queryKeyNorm, position, shift ?? BlockSpec.Default.Shift) { Modulation = modulation });

    // Where the other value has errors of its own, there is nothing to check against.
    private static Result<bool> Checked<T>(Result<BlockSpec> block, Result<T> other, Func<BlockSpec, T, IEnumerable<SpecError>> errors) =>
        other.Match(
            value => block.WithoutErrors().Ensure(block => errors(block, value)).Select(static _ => true),
            static _ => Result.Of(true));

    private static IEnumerable<SpecError> ShapeErrors(Fields fields, BlockSpec block, TransformerBinder.Shape shape)
    {
        if (block.Position == BlockPosition.Rotary && shape.Width / shape.Heads % 4 != 0)
            yield return new SpecError(
                Rule.RotaryFitsHeads,
                FormattableString.Invariant($"Rotary positions turn pairs of channels by row and by column, so a head's width must be a ")
                    + FormattableString.Invariant($"multiple of 4, and width {shape.Width} / {shape.Heads} heads is ")
                    + FormattableString.Invariant($"{shape.Width / shape.Heads}; change width or heads, or write none"),
                fields.At(BlockKeys.Position)).Replace("none");
        if (block.HiddenWidth(shape.HiddenWidth) < 1)
            yield return new(
                Rule.HiddenWidthIsWhole,
                FormattableString.Invariant($"A gated MLP has two thirds of width times mlp_ratio, rounded down, and two thirds of ")
                    + FormattableString.Invariant($"{shape.HiddenWidth} leave no hidden channel; raise mlp_ratio to ")
                    + TransformerBinder.Ratio(shape.Width, 2).ToString(CultureInfo.InvariantCulture),
                fields.At(BlockKeys.Mlp));
    }

    private static string Adaptive { get; } =
        string.Join(", ", ConditioningVariant.All.Where(static variant => variant.IsAdaptive).Select(static variant => variant.Word));

    private static IEnumerable<SpecError> VariantErrors(Fields fields, BlockSpec block, ConditioningVariant variant)
    {
        if (!block.Shift && !variant.IsAdaptive)
            yield return new SpecError(
                Rule.BlockFitsVariant,
                $"The condition shifts norms in the variants {Adaptive} only, and this one is {variant.Word}; leave out 'shift'",
                fields.At(BlockKeys.Shift)).Replace("true");
        if (block.Modulation == BlockModulation.Shared && !variant.IsAdaptive)
            yield return new SpecError(
                Rule.BlockFitsVariant,
                $"Norms are modulated in the variants {Adaptive} only, and this one is {variant.Word}; leave out 'modulation'",
                fields.At(BlockKeys.Modulation)).Replace("per-block");
        if (block.Position == BlockPosition.Rotary && variant is ConditioningVariant.InContext)
            yield return new SpecError(
                Rule.BlockFitsVariant,
                "Rotary positions are those of patches, and in the variant in-context the condition's tokens, which have none, are in "
                    + "the same sequence; write none, or choose a different variant",
                fields.At(BlockKeys.Position)).Replace("none");
    }
}
