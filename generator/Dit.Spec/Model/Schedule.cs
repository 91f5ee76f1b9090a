namespace Dit.Spec;

/// <summary>Noise schedules of Gaussian diffusions, and paths of flows.</summary>
public enum Schedule
{
    /// <summary>Betas from 1e-4 to 0.02 (DDPM).</summary>
    Linear,

    /// <summary>Improved DDPM, section 3.2.</summary>
    SquaredCosine,

    /// <summary>Betas whose square roots are evenly spaced, from 0.00085 to 0.012 (Stable Diffusion).</summary>
    ScaledLinear,

    /// <summary>The straight path of a flow (SiT, arXiv 2401.08740).</summary>
    FlowLinear,

    /// <summary>The generalized variance-preserving path of a flow (SiT).</summary>
    FlowGvp,

    /// <summary>The variance-preserving path of a flow (SiT).</summary>
    FlowVp,
}
