using System.Collections.Immutable;

namespace Dit.Runtime;

/// <summary>
/// The times between which a flow is solved, as SiT's published code has them (arXiv 2401.08740): the whole way where
/// nothing on it divides by zero, and a margin less where something does.
/// </summary>
internal static class FlowInterval
{
    private const double Margin = 1e-3;

    /// <summary>Of the ordinary differential equation, from the noise on.</summary>
    /// <remarks>The velocity of the variance preserving path is infinite at the data; the velocity that a prediction of
    /// the noise implies divides by alpha, and that of the data by sigma.</remarks>
    public static (double From, double To) OfOde(Flow flow) =>
        (IsVp(flow) || flow.Prediction is Prediction.Velocity or Prediction.StartX ? 0 : Margin, 1 - EndMargin(flow));

    /// <summary>
    /// The nodes of a solver that reads the data in each prediction: from where it can, to the data. Equal steps stay
    /// equal.
    /// </summary>
    public static ImmutableArray<NoiseNode> Inside(Flow flow, ImmutableArray<NoiseNode> nodes)
    {
        var from = OfOde(flow).From;
        return from == 0 ? nodes : [.. nodes.Select(node => node.Sigma == 0 ? node : At(from + (1 - from) * node.Time))];

        NoiseNode At(double time) => new(time, flow.Alpha(time), flow.Sigma(time));
    }

    /// <summary>Of the noisy steps of a stochastic differential equation.</summary>
    /// <param name="flow">The flow.</param>
    /// <param name="form">The diffusion; that of <see cref="DiffusionForm.Sbdm"/> is infinite at the noise of a path
    /// whose alpha is 0 there.</param>
    /// <param name="lastStep">What is left for the last step; 0 where there is none.</param>
    /// <param name="callsAtEnd">Whether the network is called at the end of the last noisy step, where the score must
    /// be finite.</param>
    public static (double From, double To) OfSde(Flow flow, DiffusionForm form, double lastStep, bool callsAtEnd)
    {
        var from = !IsVp(flow) && (!IsVelocity(flow) || form == DiffusionForm.Sbdm) ? Margin : 0;
        return (from, 1 - (lastStep > 0 ? lastStep : callsAtEnd ? Margin : EndMargin(flow)));
    }

    private static double EndMargin(Flow flow) => IsVelocity(flow) && !IsVp(flow) ? 0 : Margin;

    private static bool IsVelocity(Flow flow) => flow.Prediction == Prediction.Velocity;

    private static bool IsVp(Flow flow) => flow.Path == FlowPath.Vp;
}
