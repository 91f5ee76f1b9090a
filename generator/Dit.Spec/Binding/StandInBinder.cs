namespace Dit.Spec;

/// <summary>What a mapping with errors still says of its models: what code that uses them is compiled against.</summary>
internal static class StandInBinder
{
    /// <summary>A model for each name that can be read and is a legal one.</summary>
    public static EquatableArray<ModelSpec> Bind(MappingNode root) => FamilyBinder.MembersOrNone(root)
        .Select(Model).OfType<ModelSpec>()
        .GroupBy(static model => model.ClassName, StringComparer.OrdinalIgnoreCase).Select(static same => same.First())
        .ToEquatableArray();

    private static ModelSpec? Model(MappingNode node) =>
        (node[SpecKeys.Family.Name] ?? node[SpecKeys.Model.Name]) is ScalarNode { Text: var name }
        && IsName(name, Identifier.IsFreeForModel(Identifier.OfModel(name)))
            ? new ModelSpec(
                name, Depth: 1, Width: 8, Heads: 2, PatchSize: 2, HiddenWidth: 32, Numerics.Official,
                new InputSpec(Channels: 3, Height: 4, Width: 4),
                Conditioning(node),
                new DiffusionSpec(Prediction.Epsilon, Variance.LearnedRange, Schedule.Linear, Timesteps: 1000),
                new Autoencoder.None(),
                Samplers(node))
            : null;

    // The kind of the condition decides about types; where it cannot be read, it is the usual one.
    private static ConditioningSpec Conditioning(MappingNode node) =>
        ConditioningBinder.Bind(new Fields(node, "", [SpecKeys.Conditioning])).Match(
            static conditioning => conditioning,
            _ => new ConditioningSpec(ConditioningVariant.All[0], Condition(node[SpecKeys.Conditioning.Name] as MappingNode)));

    private static Condition Condition(MappingNode? keys)
    {
        var first = keys?.Entries.Select(static entry => entry.Key.Text).FirstOrDefault(name => SpecKeys.Conditions.Any(key => key.Name == name));
        return first == SpecKeys.Text.Name ? new Condition.Text(Tokens: 4, Width: 8, Hidden: 0.1)
            : first == SpecKeys.None.Name ? new Condition.None()
            : new Condition.ClassLabels(Count: 10, Hidden: 0.1);
    }

    private static EquatableArray<SamplerSpec> Samplers(MappingNode node) =>
        (node[SpecKeys.Samplers.Name] is MappingNode samplers ? samplers.Entries : [])
        .Select(static entry => entry.Key.Text)
        .Where(static name => IsName(name, Identifier.IsFreeForSampler(Identifier.OfSampler(name))))
        .GroupBy(Identifier.OfSampler).Select(static same => new SamplerSpec(same.First(), new SamplerMethod.Ddim(Eta: 0), Steps: 2, ClipDenoised: true))
        .ToEquatableArray();

    private static bool IsName(string name, bool isFree) =>
        isFree && name.Length <= NameKey.MaxLength && !Identifier.HasUnprintable(name);
}
