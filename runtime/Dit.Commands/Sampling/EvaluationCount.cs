using System.Globalization;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>How often the network runs for an image, in words.</summary>
internal static class EvaluationCount
{
    private const string What = "network evaluation";

    /// <summary><c>50</c>, or <c>adaptive</c>.</summary>
    public static string Short(Sampler sampler) => sampler.Evaluations?.ToString(CultureInfo.InvariantCulture) ?? "adaptive";

    /// <summary>What is said before the run: <c>50 network evaluations for each image</c>, and what guidance
    /// adds.</summary>
    public static string Before(Sampler sampler, GuidedPasses guided) => sampler.Evaluations is { } calls
        ? $"{Amount.Of(calls, What)} for each image{guided.Describe(calls)}"
        : $"as many {What}s as its tolerances need{guided.Describe(null)}";

    /// <summary>What is said after it.</summary>
    /// <param name="counted">Calls of the solver in each batch.</param>
    /// <param name="guided">What guidance adds.</param>
    public static string After(IReadOnlyCollection<int> counted, GuidedPasses guided)
    {
        var (fewest, most) = (counted.Min(), counted.Max());
        return fewest == most
            ? $"{Amount.Of(most, What)} for each image{guided.Describe(most)}"
            : $"{Amount.Whole(fewest)} to {Amount.Of(most, What)} for each image, by its batch{guided.Describe(null)}";
    }
}

/// <summary>The passes through the network that guidance takes.</summary>
/// <param name="Guidance">The guidance.</param>
/// <param name="Passes">Passes where it acts.</param>
/// <param name="What">What each is for.</param>
internal sealed record GuidedPasses(Guidance Guidance, int Passes, string What)
{
    /// <summary>Of a model with a condition: with it and without it.</summary>
    public static GuidedPasses OfCondition(Guidance guidance) => new(guidance, 2, "with and without the condition");

    /// <summary>Of a joint model that draws images and texts together: each has its own marginal.</summary>
    public static GuidedPasses OfPairs(Guidance guidance) => new(guidance, 3, "for both together and for each alone");

    private string Times => Passes == 2 ? "twice" : "three times";

    /// <summary>A clause behind the number of evaluations; empty where guidance does not act.</summary>
    /// <param name="calls">Evaluations; null where they are not known.</param>
    public string Describe(int? calls) =>
        !Guidance.Acts ? ""
        : Guidance.Interval is not null ? $"; where guidance acts, the network runs {Times}, {What}"
        : $"; guidance runs the network {Times} in each, {What}"
            + (calls is { } once ? $": {Amount.Whole((long)Passes * once)} passes" : "");
}
