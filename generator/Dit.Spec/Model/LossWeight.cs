namespace Dit.Spec;

/// <summary>How much each time counts in the loss of a flow (SiT, arXiv 2401.08740, section 2.2).</summary>
public enum LossWeight
{
    /// <summary>All times alike.</summary>
    Uniform,

    /// <summary>As the error of the velocity.</summary>
    Velocity,

    /// <summary>As the bound on the likelihood.</summary>
    Likelihood,
}
