namespace Dit.Runtime;

/// <summary>How much each time counts in the loss of a flow (SiT, arXiv 2401.08740, section 2.2).</summary>
public enum FlowWeight
{
    /// <summary>All times alike.</summary>
    Uniform,

    /// <summary>
    /// The squared error of the noise counts as much as the squared error of the velocity it implies.
    /// </summary>
    Velocity,

    /// <summary>As the bound on the likelihood weighs the score (Song et al., arXiv 2101.09258).</summary>
    Likelihood,
}

/// <summary>How a flow is trained. The defaults are SiT's (arXiv 2401.08740, section 2).</summary>
/// <remarks>Immutable; <see cref="Flow"/> checks it.</remarks>
public sealed record FlowTraining
{
    /// <summary>
    /// What the error is measured in; null for the network's own prediction. A model that predicts the data can be
    /// trained on the velocity that its prediction implies. A score is measured times sigma, which is the error of the
    /// noise.
    /// </summary>
    public Prediction? Loss { get; init; }

    /// <summary>How much each time counts; other than uniform, only for a loss of the noise or the score.</summary>
    public FlowWeight Weight { get; init; } = FlowWeight.Uniform;

    /// <summary>How times are drawn.</summary>
    public TrainingTimes Times { get; init; } = TrainingTimes.Uniform;

    /// <summary>
    /// Moves the times: above 1 towards the noise, below 1 towards the data. For the share of noise s = 1 - t it is
    /// s -> shift s / (1 + (shift - 1) s) (Esser et al., arXiv 2403.03206, equation 23).
    /// </summary>
    public double Shift { get; init; } = 1;

    /// <summary>
    /// Whether 1 minus the cosine similarity over the channels, averaged over the pixels, is added to the squared error
    /// (LightningDiT, arXiv 2501.01423).
    /// </summary>
    public bool CosineLoss { get; init; }
}
