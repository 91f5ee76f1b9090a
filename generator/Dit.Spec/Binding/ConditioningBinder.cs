namespace Dit.Spec;

/// <summary>The <c>conditioning</c> mapping.</summary>
internal static class ConditioningBinder
{
    private static readonly (string, ConditioningVariant?)[] Variants =
        [("adaln-zero", ConditioningVariant.AdaLNZero), ("adaln", null), ("cross-attention", null), ("in-context", null)];

    public static Result<ConditioningSpec> Bind(Fields top) => top.Nested("conditioning", required: true, keys: ["variant", "classes", "dropout"]).Then(static fields =>
        (fields.OnlyAllowed(),
            fields.Choice<ConditioningVariant>("variant", Variants, ConditioningVariant.AdaLNZero),
            (fields.Int("classes", 1, 10_000_000), fields.Number("dropout", 0, 1, fallback: 0.1)).Apply(static (classes, dropout) => new Condition.ClassLabels(classes, dropout)))
        .Apply(static (_, variant, labels) => new ConditioningSpec(variant, labels)));
}
