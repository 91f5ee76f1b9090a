namespace Dit.Spec;

/// <summary>The keys of a UniDiffuser, and what a joint model is not.</summary>
internal static class UniDiffuserBinder
{
    private const string Word = "unidiffuser";

    /// <param name="top">The model's fields.</param>
    /// <param name="condition">The model's condition.</param>
    /// <param name="process">The process that it is trained for.</param>
    public static Result<Backbone> Bind(Fields top, Result<Condition> condition, Result<ProcessSpec> process)
    {
        var shape = TransformerBinder.Bind(top, new(Unit: 2, "which the sines and cosines of the timesteps need"));
        var rules = (LongSkips.OddDepth(top, Word), Unconditional(top, condition), FixedVariance(top, process))
            .Apply(static (_, _, _) => true);
        return (shape, rules, Sizes(top), UVitBinder.Switch(top, BackboneKeys.UniDiffuser.DataType))
            .Apply(static (shape, _, sizes, dataType) => (Backbone)new Backbone.UniDiffuser(
                shape.Depth, shape.Width, shape.Heads, shape.PatchSize, shape.HiddenWidth,
                sizes.Clip, sizes.Tokens, sizes.Text, dataType));
    }

    private static Result<(int Clip, int Tokens, int Text)> Sizes(Fields top) =>
        (top.Read(BackboneKeys.UniDiffuser.ClipWidth), top.Read(BackboneKeys.UniDiffuser.TextTokens),
            top.Read(BackboneKeys.UniDiffuser.TextWidth))
        .Apply(static (clip, tokens, text) => (clip, tokens, text));

    // The errors of the mappings themselves are theirs.
    private static Result<Condition> Unconditional(Fields top, Result<Condition> condition) => condition.WithoutErrors()
        .Ensure(given => given is Condition.None ? [] : [new SpecError(
            Rule.JointIsUnconditional,
            $"A {Word} draws images under texts and texts under images by their times, not by a condition; write conditioning: none",
            top.At(SpecKeys.Conditioning)).Replace("none")]);

    private static Result<ProcessSpec> FixedVariance(Fields top, Result<ProcessSpec> process) => process.WithoutErrors()
        .Ensure(given => given is ProcessSpec.Gaussian { Variance: Variance.FixedSmall or Variance.FixedLarge } ? [] : [new SpecError(
            Rule.JointProcess,
            $"A {Word} gives images and texts in their own shapes, and takes whole timesteps; write "
                + "diffusion: { prediction: epsilon, variance: fixed-small }, and no schedule of a flow",
            top.At(SpecKeys.Diffusion))]);
}
