namespace Dit.Spec;

/// <summary>The key <c>numerics</c>, and the models that its words suit.</summary>
internal static class NumericsBinder
{
    public static Result<Numerics> Bind(Fields top, Result<ConditioningSpec> conditioning) => (top.Read(SpecKeys.Numerics), conditioning)
        .Apply(static (numerics, condition) => (numerics, condition))
        .Ensure(x => x.numerics == Numerics.Official || HasForm(x.condition) ? [] : [NoForm(top)])
        .Select(static x => x.numerics);

    private static bool HasForm(ConditioningSpec conditioning) => conditioning is { Variant: ConditioningVariant.AdaLNZero, Condition: Condition.ClassLabels };

    private static SpecError NoForm(Fields top) => new SpecError(
        Rule.NumericsFitModel, "diffusers has no such model: its Diffusion Transformer is adaln-zero on classes; write official, or make the model one of that kind",
        top.At(SpecKeys.Numerics)).Replace(SpecKeys.Numerics.DefaultText ?? "");
}
