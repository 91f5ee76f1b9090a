using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A way from noise to data: the algorithm and its settings, as a value.</summary>
/// <remarks>
/// The type says which process it solves; one that needs only alpha and sigma is written for any
/// <typeparamref name="TProcess"/>. All that a
/// run remembers, such as earlier predictions, lives in the run: solvers are immutable and can be shared.
/// </remarks>
/// <typeparam name="TProcess">The process.</typeparam>
public abstract record Solver<TProcess>
    where TProcess : IProcess
{
    /// <summary>The method's name, as in a spec: <c>ddim</c>.</summary>
    public abstract string Method { get; }

    /// <summary>Calls of the network for each sample; null for a solver that adapts its steps to an error.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    public abstract int? EvaluationsFor(TProcess process);

    /// <summary>
    /// The times at which the network will be called, as far as they are known before the run, rising. What depends on
    /// the time and the
    /// condition alone is then computed for many of them at once; other times are computed when they occur.
    /// </summary>
    /// <param name="process">The process that the model is trained for.</param>
    public virtual IReadOnlyList<double> Times(TProcess process) => [];

    /// <summary>Goes from noise to data.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    /// <param name="network">The network.</param>
    /// <param name="run">The start, the noise, and the loop (<see cref="SolverRun.Follow"/>).</param>
    /// <returns>The data, (N, C, Y, X).</returns>
    public abstract Tensor Run(TProcess process, Denoiser network, SolverRun run);

    /// <summary>Whether <see cref="Invert"/> can go the other way.</summary>
    public virtual bool CanInvert => false;

    /// <summary>Goes from data to the noise that leads to it; only where <see cref="CanInvert"/> says so.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    /// <param name="network">The network.</param>
    /// <param name="run">The data, and the loop.</param>
    /// <returns>The noise, (N, C, Y, X).</returns>
    public virtual Tensor Invert(TProcess process, Denoiser network, SolverRun run) =>
        throw new NotSupportedException($"{Method} cannot be run backwards.");
}

/// <summary>A solver of a given number of steps.</summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data.</param>
public abstract record FixedStepSolver<TProcess>(int Steps) : Solver<TProcess>
    where TProcess : IProcess
{
    /// <inheritdoc/>
    /// <remarks>One for each step, unless a solver says otherwise.</remarks>
    public override int? EvaluationsFor(TProcess process) => Steps;

    /// <summary>The fewest and the most steps that the process allows.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    public virtual (int Fewest, int Most) StepsRange(TProcess process) => (1, int.MaxValue);
}
