namespace Dit.Spec;

/// <summary>Where the steps of a sampler lie between noise and data.</summary>
public enum StepSpacing
{
    /// <summary>As the method's authors place them.</summary>
    Usual,

    /// <summary>Evenly in time.</summary>
    Time,

    /// <summary>Evenly in the logarithm of the signal-to-noise ratio.</summary>
    LogSnr,

    /// <summary>Evenly in the seventh root of the noise level (Karras et al., arXiv 2206.00364, equation 5).</summary>
    Karras,

    /// <summary>At whole strides of timesteps from the first one.</summary>
    Leading,

    /// <summary>At whole strides of timesteps from the last one.</summary>
    Trailing,

    /// <summary>Evenly over the timesteps, the first and the last among them.</summary>
    Linspace,
}
