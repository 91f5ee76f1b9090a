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
        return (shape, variant, NumericsBinder.Bind(top, variant, condition, block), block)
            .Apply(static (shape, variant, numerics, block) => (Backbone)new Backbone.Dit(
                shape.Depth, shape.Width, shape.Heads, shape.PatchSize, shape.HiddenWidth, numerics, variant)
            { Block = block });
    }
}
