namespace Dit.Runtime;

/// <summary>The multistep solvers of the DPM-Solver family, which differ in what they integrate.</summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1 to 3: predictions that a step uses.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public abstract record DpmMultistep<TProcess>(int Steps, int Order, Spacing? Spacing, bool ClipDenoised)
    : LinearMultistep<TProcess>(Steps, Order, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <summary>Factor of the quadratic term of third order; 1/2 in published code, which then converges with order 2
    /// only.</summary>
    internal double Curvature { get; init; } = 1;

    /// <summary>Whether second order integrates the line through two predictions; else it is the midpoint
    /// rule.</summary>
    internal bool Heun { get; init; }

    private protected override double[] Weights(ExponentialStep step, double[] before) => before.Length switch
    {
        0 => step.Constant(),
        1 => Heun ? step.Polynomial(before) : step.Midpoint(before[0]),
        _ => step.Polynomial(before, Curvature),
    };
}
