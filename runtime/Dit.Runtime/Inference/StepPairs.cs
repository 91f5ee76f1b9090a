namespace Dit.Runtime;

/// <summary>Steps that are done together.</summary>
internal static class StepPairs
{
    /// <summary>A residual and the adaptive norm right after it read the same tokens: one step for both, which reads them once.</summary>
    public static IReadOnlyList<PlanStep> Pair(IReadOnlyList<PlanStep> steps)
    {
        var paired = new List<PlanStep>(steps.Count);
        foreach (var step in steps)
        {
            if (step is PlanStep.AdaptiveNorm norm && paired is [.., PlanStep.Residual residual]) paired[^1] = new PlanStep.ResidualNorm(residual.Gate, norm);
            else paired.Add(step);
        }
        return paired;
    }
}
