namespace Dit.Spec;

/// <summary>The <c>conditioning</c> mapping.</summary>
internal static class ConditioningBinder
{
    private static readonly (string, ConditioningVariant?)[] Variants =
        [("adaln-zero", ConditioningVariant.AdaLNZero), ("adaln", null), ("cross-attention", null), ("in-context", null)];

    public static Result<ConditioningSpec> Bind(Fields top) => top.Says("conditioning", "none")
        ? Result.Fail<ConditioningSpec>(new(Rule.NotAvailable, "'conditioning: none' is not available in this version; available here: { classes: N }", top.At("conditioning")))
        : top.Nested("conditioning", required: true, keys: ["variant", "classes", "dropout", "text"]).Then(static fields =>
            (fields.OnlyAllowed(), fields.Choice<ConditioningVariant>("variant", Variants, ConditioningVariant.AdaLNZero), Labels(fields))
            .Apply(static (_, variant, labels) => new ConditioningSpec(variant, labels)));

    private static Result<Condition.ClassLabels> Labels(Fields fields) => fields.Has("text")
        ? Result.Fail<Condition.ClassLabels>(new(Rule.NotAvailable, "'conditioning.text' is not available in this version; available here: classes", fields.At("text")))
        : (fields.Int("classes", 1, 10_000_000), fields.Number("dropout", 0, 1, fallback: 0.1))
            .Apply(static (classes, dropout) => new Condition.ClassLabels(classes, dropout));
}
