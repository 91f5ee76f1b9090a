namespace Dit.Spec;

/// <summary>The keys of a DiT, at the top and below <c>conditioning</c>.</summary>
internal static class DitBinder
{
    /// <param name="top">The model's fields.</param>
    /// <param name="condition">The model's condition.</param>
    public static Result<Backbone> Bind(Fields top, Result<Condition> condition)
    {
        var variant = ConditioningBinder.Variant(top);
        var shape = TransformerBinder.Bind(top, new(Unit: 4, "which the 2-D sin-cos positions need"));
        var block = BlockBinder.Bind(top, shape, variant);
        return (shape, variant, NumericsBinder.Bind(top, variant, condition, block), block,
                (Positions(top), ConditionFits.Check(top, condition, variant, shape)).Apply(static (positions, _) => positions))
            .Apply(static (shape, variant, numerics, block, positions) => (Backbone)new Backbone.Dit(
                shape.Depth, shape.Width, shape.Heads, shape.PatchSize, shape.HiddenWidth, numerics, variant)
            { Block = block, Positions = positions });
    }

    private static Result<PositionSpec> Positions(Fields top) => top.Read(BackboneKeys.Dit.Positions).Then(static fields => (
            fields.OnlyAllowed(), fields.Read(PositionKeys.Scale),
            fields.Has(PositionKeys.Base) ? fields.Read(PositionKeys.Base).Select(static size => (int?)size) : Result.Of<int?>(null))
        .Apply(static (_, scale, size) => new PositionSpec(scale, size)));
}
