namespace Dit.Spec;

/// <summary>
/// Substitutes for the models of a mapping with errors; code that uses the models compiles against them.
/// </summary>
internal static class StandInBinder
{
    /// <summary>A model for each legal name that can be read.</summary>
    public static EquatableArray<ModelSpec> Bind(MappingNode root) => FamilyBinder.MembersOrNone(root)
        .Select(static node => Model(node)).OfType<ModelSpec>()
        .GroupBy(static model => model.ClassName, StringComparer.OrdinalIgnoreCase).Select(static same => same.First())
        .ToEquatableArray();

    private static ModelSpec? Model(MappingNode node) => Model(node, Condition(node) is Spec.Condition.Text { HasSizes: true } ? 12 : 8);

    private static ModelSpec? Model(MappingNode node, int width) =>
        (node[SpecKeys.Family.Name] ?? node[SpecKeys.Model.Name]) is ScalarNode { Text: var name }
        && IsName(name, Identifier.IsFreeForModel(Identifier.OfModel(name)))
            ? new ModelSpec(
                name,
                Network(node, width),
                new InputSpec(Channels: 3, Height: 4, Width: 4),
                IsJoint(node) ? new Condition.None() : Condition(node),
                IsJoint(node) ? Steps(Variance.FixedSmall) : Process(node),
                new Autoencoder.None(),
                Samplers(node))
            : null;

    private static Backbone Network(MappingNode node, int width) => IsJoint(node)
        ? new Backbone.UniDiffuser(
            Depth: 3, width, Heads: 2, PatchSize: 2, HiddenWidth: 4 * width, ClipWidth: 8, TextTokens: 4, TextWidth: 8, DataType: false)
        : new Backbone.Dit(Depth: 1, width, Heads: 2, PatchSize: 2, HiddenWidth: 4 * width, Numerics.Official, Variant(node));

    // Whether a model is joint determines types.
    private static bool IsJoint(MappingNode node) => new Fields(node, "", [SpecKeys.Backbone]).Read(SpecKeys.Backbone)
        .Match(static keys => keys is BackboneKeys.UniDiffuser, static _ => false);

    private static Fields Conditioning(MappingNode node) => new(node, "", [SpecKeys.Conditioning]);

    private static ConditioningVariant Variant(MappingNode node) => Condition(node) is Spec.Condition.Text { IsSpecial: true }
        ? new ConditioningVariant.AdaLNZeroCrossAttention()
        : ConditioningBinder.Variant(Conditioning(node)).Match(
            variant => variant is ConditioningVariant.AdaLNZeroCrossAttention && Condition(node) is not Spec.Condition.Text
                ? ConditioningVariant.All[0]
                : variant,
            static _ => ConditioningVariant.All[0]);

    // The kind of the condition determines types; where it cannot be read, class labels are assumed.
    private static Condition Condition(MappingNode node) => ConditioningBinder.Condition(Conditioning(node)).Match(
        static condition => condition, _ => Usual(node[SpecKeys.Conditioning.Name] as MappingNode));

    private static Condition Usual(MappingNode? keys)
    {
        var first = keys?.Entries.Select(static entry => entry.Key.Text)
            .FirstOrDefault(name => ConditionKeys.Naming.Any(key => key.Name == name));
        return first == ConditionKeys.Text.Name ? new Condition.Text(Tokens: 4, Width: 8, Dropout: 0.1) { HasSizes = HasSizes(keys) }
            : first == ConditionKeys.None.Name ? new Condition.None()
            : new Condition.ClassLabels(Count: 10, Dropout: 0.1);
    }

    private static bool HasSizes(MappingNode? keys) =>
        keys?[ConditionKeys.Sizes.Name] is ScalarNode { Quoted: false, Text: "true" };

    // The kind of the process determines types.
    private static ProcessSpec Process(MappingNode node) =>
        DiffusionBinder.Asked(new Fields(node, "", [SpecKeys.Diffusion])).Match<ProcessSpec>(
            static _ => Steps(Variance.LearnedRange),
            static _ => new ProcessSpec.Flow(
                Prediction.Velocity, Variance.Ignored, Schedule.FlowLinear, Loss: Prediction.Velocity, LossWeight.Uniform,
                new FlowTimes.Uniform(), Shift: 1, CosineLoss: false));

    private static ProcessSpec Steps(Variance variance) =>
        new ProcessSpec.Gaussian(Prediction.Epsilon, variance, Schedule.Linear, Timesteps: 1000);

    // Euler's method integrates every process.
    private static EquatableArray<SamplerSpec> Samplers(MappingNode node) =>
        (node[SpecKeys.Samplers.Name] is MappingNode samplers ? samplers.Entries : [])
        .Select(static entry => entry.Key.Text)
        .Where(static name => IsName(name, Identifier.IsFreeForSampler(Identifier.OfSampler(name))))
        .GroupBy(Identifier.OfSampler)
            .Select(static same => new SamplerSpec(same.First(), new SamplerMethod.Euler(), Steps: 2, ClipDenoised: true))
        .ToEquatableArray();

    private static bool IsName(string name, bool isFree) =>
        isFree && name.Length <= NameKey.MaxLength && !Identifier.HasUnprintable(name);
}
