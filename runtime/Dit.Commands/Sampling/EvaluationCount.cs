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
    public static string Before(Sampler sampler, Guidance guidance) => sampler.Evaluations is { } calls
        ? $"{Amount.Of(calls, What)} for each image{Guided(guidance, calls)}"
        : $"as many {What}s as its tolerances need{Guided(guidance, null)}";

    /// <summary>What is said after it.</summary>
    /// <param name="counted">Calls of the solver in each batch.</param>
    /// <param name="guidance">The guidance.</param>
    public static string After(IReadOnlyCollection<int> counted, Guidance guidance)
    {
        var (fewest, most) = (counted.Min(), counted.Max());
        return fewest == most
            ? $"{Amount.Of(most, What)} for each image{Guided(guidance, most)}"
            : $"{Amount.Whole(fewest)} to {Amount.Of(most, What)} for each image, by its batch{Guided(guidance, null)}";
    }

    private static string Guided(Guidance guidance, int? calls) =>
        !guidance.Acts ? ""
        : guidance.Interval is not null ? "; where guidance acts, the network runs twice, with and without the condition"
        : "; guidance runs the network twice in each, with and without the condition"
            + (calls is { } once ? $": {Amount.Whole(2L * once)} passes" : "");
}
