namespace Dit.Runtime.Tests;

/// <summary>
/// SDE-DPM-Solver++ of third order as diffusers has it. Its quadratic term has a wrong sign, so that its error does not
/// vanish with the step.
/// </summary>
internal sealed record PublishedThirdOrder<TProcess>(int Steps, Spacing? Spacing)
    : LinearMultistep<TProcess>(Steps, 3, Spacing, ClipDenoised: false)
    where TProcess : IProcess
{
    public override string Method => "sde-dpm-solver++ of order 3";

    private protected override bool UsesNoise => false;

    private protected override ExponentialStep Between(NoiseNode from, NoiseNode to) => ExponentialStep.OfDataStochastic(from, to);

    private protected override double[] Weights(ExponentialStep step, double[] before)
    {
        if (before.Length < 2) return before.Length == 0 ? step.Constant() : step.Midpoint(before[0]);
        // - 1/2 for + 1/2: less alpha, which is Scale / -Z, times the second divided difference.
        var (weights, span, alpha) = (step.Polynomial(before, 0.5), before[0] + before[1], step.Scale / -step.Z);
        double[] difference = [1 / (before[0] * span), -1 / (before[0] * span) - 1 / (before[1] * span), 1 / (before[1] * span)];
        return [.. weights.Zip(difference, (weight, share) => weight - alpha * share)];
    }
}
