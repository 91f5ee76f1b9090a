namespace Dit.Runtime;

/// <summary>
/// How much noise a stochastic sampler of a flow adds at a time: w(t) in dx = (velocity + w score) dt + sqrt(2 w) dW,
/// which has the same marginals for every w (SiT, arXiv 2401.08740, section 2.4; the choices of its published code).
/// </summary>
/// <remarks>Each is multiplied by a norm. t = 0 is noise, t = 1 is data.</remarks>
public enum DiffusionForm
{
    /// <summary>norm.</summary>
    Constant,

    /// <summary>norm (sigma^2 alpha' / alpha - sigma sigma'): the diffusion of score-based models (Song et al., arXiv
    /// 2011.13456).</summary>
    Sbdm,

    /// <summary>norm sigma.</summary>
    Sigma,

    /// <summary>norm (1 - t).</summary>
    Linear,

    /// <summary>(norm cos(pi t) + 1)^2 / 4.</summary>
    Decreasing,

    /// <summary>norm sin(pi t)^2.</summary>
    IncreasingDecreasing,
}

/// <summary>How a stochastic sampler of a flow makes its last step, which adds no noise (SiT's published
/// code).</summary>
public enum LastStep
{
    /// <summary>There is none: noisy steps go on to the end.</summary>
    None,

    /// <summary>A step along the drift of the stochastic equation.</summary>
    Mean,

    /// <summary>The data that the network predicts, by Tweedie's formula.</summary>
    Tweedie,

    /// <summary>A step along the velocity.</summary>
    Euler,
}
