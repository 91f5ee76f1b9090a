namespace Dit.Runtime;

/// <summary>
/// Heun's method of two stages: on a <see cref="Flow"/> in steps of time along the velocity, on a Gaussian diffusion as
/// Karras et al. (arXiv 2206.00364, algorithm 1) and HeunDiscrete of diffusers. Of second order; two calls of the
/// network in a step, and one in the last step of a Gaussian diffusion.
/// </summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps, at least 1.</param>
/// <param name="Spacing">Where the steps begin and end; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.Karras"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public sealed record Heun<TProcess>(int Steps, Spacing? Spacing = null, bool ClipDenoised = false)
    : RungeKutta<TProcess>(Steps, ButcherTableau.Heun, Spacing, ClipDenoised)
    where TProcess : IProcess;
