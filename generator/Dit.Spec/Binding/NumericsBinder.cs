namespace Dit.Spec;

/// <summary>The key <c>numerics</c>, and which models each word is legal for.</summary>
internal static class NumericsBinder
{
    public static Result<Numerics> Bind(Fields top, Result<ConditioningVariant> variant, Result<Condition> condition) =>
        (top.Read(BackboneKeys.Dit.Numerics), variant, condition.WithoutErrors())
        .Apply(static (numerics, variant, condition) =>
            (numerics, hasForm: variant is ConditioningVariant.AdaLNZero && condition is Condition.ClassLabels))
        .Ensure(x => x.numerics == Numerics.Official || x.hasForm ? [] : [NoForm(top)])
        .Select(static x => x.numerics);

    private static SpecError NoForm(Fields top) => new SpecError(
        Rule.NumericsFitModel,
        "diffusers has no such model: its Diffusion Transformer is adaln-zero on classes; "
            + "write official, or make the model one of that kind",
        top.At(BackboneKeys.Dit.Numerics)).Replace(BackboneKeys.Dit.Numerics.DefaultText ?? "");
}
