namespace Dit.Spec;

/// <summary>The key <c>numerics</c>, and which models each word is legal for.</summary>
internal static class NumericsBinder
{
    public static Result<Numerics> Bind(
        Fields top, Result<ConditioningVariant> variant, Result<Condition> condition, Result<BlockSpec> block) =>
        (top.Read(BackboneKeys.Dit.Numerics), variant, condition.WithoutErrors(), block.WithoutErrors())
        .Apply(static (numerics, variant, condition, block) =>
            (numerics, hasForm: variant is ConditioningVariant.AdaLNZero && condition is Condition.ClassLabels, block))
        .Ensure(x => x.numerics == Numerics.Official ? []
            : !x.hasForm ? [NoForm(top)]
            : x.block != BlockSpec.Default ? [NoBlock(top)]
            : [])
        .Select(static x => x.numerics);

    private static SpecError NoForm(Fields top) => new SpecError(
        Rule.NumericsFitModel,
        "diffusers has no such model: its Diffusion Transformer is adaln-zero on classes; "
            + "write official, or make the model one of that kind",
        top.At(BackboneKeys.Dit.Numerics)).Replace(BackboneKeys.Dit.Numerics.DefaultText ?? "");

    private static SpecError NoBlock(Fields top) => new SpecError(
        Rule.NumericsFitModel,
        "diffusers has no such model: its Diffusion Transformer has the paper's block; write official, or leave out 'block'",
        top.At(BackboneKeys.Dit.Numerics)).Replace(BackboneKeys.Dit.Numerics.DefaultText ?? "");
}
