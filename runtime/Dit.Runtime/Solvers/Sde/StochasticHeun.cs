using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Heun's method on the stochastic differential equation of a flow: the noise of a step first, then the two stages of
/// the drift (SiT's published code; Karras et al., arXiv 2206.00364, algorithm 2, is alike). Two calls of the network
/// in a step, and one in the last.
/// </summary>
/// <param name="Steps">Steps in all, the last one among them; at least 2 with a last step.</param>
/// <param name="Form">How much noise is added when.</param>
/// <param name="Norm">The factor of the noise's variance, above 0.</param>
/// <param name="Last">The last step.</param>
/// <param name="LastStepSize">The time that the last step takes, between 0 and 1.</param>
public sealed record StochasticHeun(
    int Steps, DiffusionForm Form = DiffusionForm.Sigma, double Norm = 1, LastStep Last = LastStep.Mean, double LastStepSize = 0.04)
    : FlowSdeSolver(Steps, Form, Norm, Last, LastStepSize)
{
    /// <inheritdoc/>
    public override string Method => "sde-heun";

    private protected override int CallsInStep => 2;

    private protected override SolverStep NoisyStep(
        Flow process, Denoiser network, Tensor x, (double From, double To) span, SolverRun run)
    {
        var (noisy, length) = (Stirred(process, x, span, run), span.To - span.From);
        var (first, start) = DriftAt(process, network, noisy, span.From);
        var (second, _) = DriftAt(process, network, Moved(noisy, first, length), span.To);
        return new(ButcherTableau.Advance(noisy, length, ButcherTableau.Heun.Weights, [first, second]), start, span.From);
    }
}
