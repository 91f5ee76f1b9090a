using Dit.Runtime;

namespace Dit.Benchmarks;

/// <summary>A method of the table: its name and, for a number of steps, its solver.</summary>
/// <typeparam name="TProcess">The process that it solves.</typeparam>
/// <param name="Name">Its name in the table.</param>
/// <param name="IsDeterministic">
/// Whether it draws no noise, so that its distance to the reference means something.
/// </param>
/// <param name="Make">The solver; null where it does not take so few steps.</param>
internal sealed record SolverMethod<TProcess>(string Name, bool IsDeterministic, Func<int, Solver<TProcess>?> Make)
    where TProcess : IProcess
{
    /// <summary>The methods for a process, in the order of the table.</summary>
    /// <param name="clip">Whether the predicted data is clipped, as for pixels.</param>
    public static IReadOnlyList<SolverMethod<TProcess>> All(bool clip) =>
    [
        .. typeof(TProcess) == typeof(GaussianDiffusion) ? OfDiffusions(clip) : OfFlows(),
        new("euler", true, steps => new Euler<TProcess>(steps, ClipDenoised: clip)),
        // Where its last step is Euler's, it makes one evaluation fewer than there may be.
        new("heun", true, steps => steps < 5 ? null : new Heun<TProcess>((steps + 1) / 2, ClipDenoised: clip)),
        .. new[] { 1, 2, 3 }.Select(order => new SolverMethod<TProcess>($"dpm-solver++ {order}", true, steps =>
            steps < order ? null : new DpmSolverPlusPlus<TProcess>(steps, order, ClipDenoised: clip))),
        .. new[] { 2, 3 }.Select(order => new SolverMethod<TProcess>(
            $"unipc {order}", true, steps => steps < order ? null : new UniPc<TProcess>(steps, order, ClipDenoised: clip))),
        new("deis 3", true, steps => steps < 3 ? null : new Deis<TProcess>(steps, 3, ClipDenoised: clip)),
        new("sde-dpm-solver++ 2", false, steps => new SdeDpmSolverPlusPlus<TProcess>(steps, 2, ClipDenoised: clip)),
    ];

    /// <summary>What the distances are measured to.</summary>
    /// <param name="clip">Whether the predicted data is clipped.</param>
    public static Solver<TProcess> Reference(bool clip) =>
        new Ddim(1000, ClipDenoised: clip) as object as Solver<TProcess> ?? new Euler<TProcess>(1000, ClipDenoised: clip);

    private static IEnumerable<SolverMethod<TProcess>> OfDiffusions(bool clip) =>
    [
        new("ddim", true, steps => new Ddim(steps, ClipDenoised: clip) as object as Solver<TProcess>),
        new("ddpm", false, steps => new Ddpm(steps, clip) as object as Solver<TProcess>),
    ];

    private static IEnumerable<SolverMethod<TProcess>> OfFlows() =>
        [new("sde-euler", false, steps => new EulerMaruyama(steps) as object as Solver<TProcess>)];
}
