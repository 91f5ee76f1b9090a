namespace Dit.Spec;

/// <summary>The keys of a U-ViT.</summary>
internal static class UVitBinder
{
    private const string Word = "u-vit";

    /// <param name="top">The model's fields.</param>
    /// <param name="condition">The model's condition.</param>
    public static Result<Backbone> Bind(Fields top, Result<Condition> condition)
    {
        var shape = TransformerBinder.Bind(top, new(Unit: 2, "which the sines and cosines of the timestep need"));
        var rules = (LongSkips.OddDepth(top, Word), ConditionFits.Check(top, condition, Word)).Apply(static (_, fits) => fits);
        return (shape, rules, Switch(top, BackboneKeys.UVit.QkvBias), Switch(top, BackboneKeys.UVit.TimeMlp),
                Switch(top, BackboneKeys.UVit.FinalConvolution))
            .Apply(static (shape, _, qkvBias, timeMlp, finalConvolution) => (Backbone)new Backbone.UVit(
                shape.Depth, shape.Width, shape.Heads, shape.PatchSize, shape.HiddenWidth, qkvBias, timeMlp, finalConvolution));
    }

    /// <summary>A switch, absent or not.</summary>
    public static Result<bool> Switch(Fields top, SwitchKey key) => top.Read(key).Select(value => value ?? key.Default == true);
}
