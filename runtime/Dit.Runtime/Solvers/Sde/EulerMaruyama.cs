using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The Euler-Maruyama method on the stochastic differential equation of a flow, as SiT samples with noise (arXiv
/// 2401.08740, section 2.3 and its published code). One call of the network in a step.
/// </summary>
/// <param name="Steps">Steps in all, the last one among them; at least 2 with a last step.</param>
/// <param name="Form">How much noise is added when.</param>
/// <param name="Norm">The factor of the noise's variance, above 0.</param>
/// <param name="Last">The last step.</param>
/// <param name="LastStepSize">The time that the last step takes, between 0 and 1.</param>
public sealed record EulerMaruyama(
    int Steps, DiffusionForm Form = DiffusionForm.Sigma, double Norm = 1, LastStep Last = LastStep.Mean, double LastStepSize = 0.04)
    : FlowSdeSolver(Steps, Form, Norm, Last, LastStepSize)
{
    /// <inheritdoc/>
    public override string Method => "sde-euler";

    private protected override int CallsInStep => 1;

    private protected override SolverStep NoisyStep(
        Flow process, Denoiser network, Tensor x, (double From, double To) span, SolverRun run)
    {
        var (drift, start) = DriftAt(process, network, x, span.From);
        return new(Stirred(process, Moved(x, drift, span.To - span.From), span, run), start, span.From);
    }
}
