namespace Dit.Spec;

/// <summary>What the model predicts.</summary>
public enum Prediction
{
    /// <summary>The noise.</summary>
    Epsilon,

    /// <summary>The clean input.</summary>
    StartX,

    /// <summary>
    /// The velocity: for a flow the derivative of x_t by the time (SiT, arXiv 2401.08740), for a Gaussian diffusion
    /// alpha noise - sigma data (arXiv 2202.00512).
    /// </summary>
    Velocity,

    /// <summary>The score, the gradient of the log-density of x_t.</summary>
    Score,
}
