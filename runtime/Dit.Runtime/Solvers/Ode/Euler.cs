namespace Dit.Runtime;

/// <summary>
/// Euler's method: on a <see cref="Flow"/> in steps of time along the velocity, on a Gaussian diffusion as Karras et
/// al. (arXiv 2206.00364, algorithm 1 without its correction) and EulerDiscrete of diffusers. Of first order; one call
/// of the network in a step.
/// </summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps, at least 1.</param>
/// <param name="Spacing">Where the steps begin and end; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.Karras"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public sealed record Euler<TProcess>(int Steps, Spacing? Spacing = null, bool ClipDenoised = false)
    : RungeKutta<TProcess>(Steps, ButcherTableau.Euler, Spacing, ClipDenoised)
    where TProcess : IProcess;
