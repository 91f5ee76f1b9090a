namespace Dit.Runtime;

/// <summary>What a network's output stands for.</summary>
public enum Prediction
{
    /// <summary>The noise in x_t.</summary>
    Epsilon,

    /// <summary>The data x_0.</summary>
    StartX,

    /// <summary>
    /// The velocity. For a Gaussian diffusion, alpha epsilon - sigma x_0 (Salimans and Ho, arXiv 2202.00512); for a
    /// flow, the derivative of
    /// x_t with respect to the time (SiT, arXiv 2401.08740).
    /// </summary>
    Velocity,

    /// <summary>The score, the gradient of the log-density of x_t: -epsilon / sigma.</summary>
    Score,
}
