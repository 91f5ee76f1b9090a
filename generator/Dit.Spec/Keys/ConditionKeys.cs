namespace Dit.Spec;

/// <summary>The keys of the conditions, below <c>conditioning</c>.</summary>
internal static class ConditionKeys
{
    public static IntKey Classes { get; } =
        new("classes", 1, 10_000_000, null, "Condition on class labels: how many classes there are", "1000")
        { Rules = [Rule.OneCondition] };

    public static IntKey TextTokens { get; } = new("tokens", 1, 4096, null, "Length of the sequence of embeddings", "77");

    public static IntKey TextWidth { get; } = new("width", 1, 65536, null, "Width of one embedding", "768");

    public static SwitchKey TextMask { get; } = new(
        "mask", "Whether a mask says which tokens are attended, so that texts are of different lengths and padding is not seen", "true")
    { Default = false, Rules = [Rule.ConditionFitsVariant] };

    public static MappingKey Text { get; } = new(
        "text", [TextTokens, TextWidth, TextMask], Optional: false,
        "Condition on a sequence of text embeddings, made by an encoder that is not part of the model", "{ tokens: 77, width: 768 }")
    { Rules = [Rule.OneCondition] };

    public static SwitchKey Sizes { get; } = new(
        "micro_conditions", "Whether the size and the aspect ratio of the image are conditions beside the text (arXiv 2310.00426)", "true")
    { Default = false, Rules = [Rule.ConditionFitsVariant] };

    public static FlagKey None { get; } =
        new("none", "Condition on nothing but the timestep; conditioning: none is a shorter way to say it")
        { Rules = [Rule.OneCondition] };

    public static NumberKey Dropout { get; } = new(
        "dropout", 0, 1, 0.1,
        "Probability with which training drops the condition, which classifier-free guidance needs; 0 gives a model that cannot be guided",
        "0.1")
    { Rules = [Rule.OneCondition, Rule.ConditionIsSeen] };

    /// <summary>The keys that name a condition: a model has one of them.</summary>
    public static IReadOnlyList<SpecKey> Naming { get; } = [Classes, Text, None];

    /// <summary>All of them, in the order of a spec.</summary>
    public static IReadOnlyList<SpecKey> All { get; } = [.. Naming, Sizes, Dropout];

    /// <summary>The keys of one condition, the one that names it first.</summary>
    public static IReadOnlyList<SpecKey> Of(Condition condition) => condition.Match<IReadOnlyList<SpecKey>>(
        static _ => [None], static _ => [Classes, Dropout], static _ => [Text, Sizes, Dropout]);
}
