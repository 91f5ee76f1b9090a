namespace Dit.Runtime;

/// <summary>How a sampler steps from noise to data.</summary>
/// <remarks>A closed sum: <see cref="Ddpm"/> or <see cref="Ddim"/>; <see cref="Match"/> is the way in.</remarks>
public abstract record SamplingMethod
{
    private SamplingMethod() { }

    /// <summary>Ancestral sampling (DDPM, arXiv 2006.11239, algorithm 2).</summary>
    public sealed record Ddpm : SamplingMethod
    {
        /// <inheritdoc/>
        public override string ToString() => "ddpm";
    }

    /// <summary>DDIM (Song et al., arXiv 2010.02502).</summary>
    public sealed record Ddim : SamplingMethod
    {
        /// <summary>DDIM with this share of DDPM's noise.</summary>
        /// <param name="eta">0 is deterministic, 1 has the variance of DDPM.</param>
        /// <exception cref="DitException">eta lies outside 0 to 1.</exception>
        public Ddim(double eta) => Eta = RequireEta(eta);

        /// <summary>The share of DDPM's noise, 0 to 1.</summary>
        public double Eta { get; }

        /// <inheritdoc/>
        public override string ToString() => "ddim";
    }

    /// <summary>One function per case.</summary>
    public T Match<T>(Func<Ddpm, T> ddpm, Func<Ddim, T> ddim) => this switch
    {
        Ddpm method => ddpm(method),
        Ddim method => ddim(method),
        _ => throw new InvalidOperationException("SamplingMethod is a closed sum."),
    };

    internal static double RequireEta(double eta) => eta is >= 0 and <= 1
        ? eta
        : throw new DitException($"An eta of {eta} was given: DDIM takes 0 (deterministic) to 1 (the variance of DDPM).");
}
