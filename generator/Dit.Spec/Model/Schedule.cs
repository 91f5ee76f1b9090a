namespace Dit.Spec;

/// <summary>Noise schedules.</summary>
public enum Schedule
{
    /// <summary>Betas from 1e-4 to 0.02 (DDPM).</summary>
    Linear,

    /// <summary>Improved DDPM, section 3.2.</summary>
    SquaredCosine,
}
