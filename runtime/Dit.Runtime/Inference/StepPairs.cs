namespace Dit.Runtime;

/// <summary>Steps that are done together.</summary>
internal static class StepPairs
{
    /// <summary>A residual and the adaptive norm right after it read the same tokens: one step for both, which reads them once.</summary>
    public static IReadOnlyList<SessionStep> Pair(IReadOnlyList<SessionStep> steps)
    {
        var paired = new List<SessionStep>(steps.Count);
        foreach (var step in steps)
        {
            if (step is SessionStep.AdaptiveNorm norm && paired is [.., SessionStep.Residual residual]) paired[^1] = new SessionStep.ResidualNorm(residual.Gate, norm);
            else paired.Add(step);
        }
        return paired;
    }
}
