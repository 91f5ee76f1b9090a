using System.Globalization;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>How often the network runs for an image.</summary>
/// <param name="Calls">Calls of the solver; null for one that adapts its steps.</param>
/// <param name="IsGuided">Whether guidance makes two passes of a call.</param>
internal sealed record EvaluationCount(int? Calls, bool IsGuided)
{
    /// <summary>Of a sampler under guidance.</summary>
    public static EvaluationCount Of(Sampler sampler, Guidance guidance) => new(sampler.Evaluations, guidance.Acts);

    /// <summary><c>50</c>, or <c>adaptive</c>.</summary>
    public string Short => Calls?.ToString(CultureInfo.InvariantCulture) ?? "adaptive";
}
