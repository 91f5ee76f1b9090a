namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>Methods that integrate a Gaussian diffusion, <see cref="ProcessSpec.Gaussian"/>.</summary>
    /// <remarks>Closed: a new case breaks every <see cref="Match{R}(Func{Ddpm, R}, Func{Ddim, R})"/>.</remarks>
    public abstract record Gaussian : SamplerMethod
    {
        private Gaussian() { }

        /// <summary>The way in: one function for each case.</summary>
        public R Match<R>(Func<Ddpm, R> ddpm, Func<Ddim, R> ddim) => this switch
        {
            Ddpm method => ddpm(method),
            Ddim method => ddim(method),
            _ => throw new InvalidOperationException("SamplerMethod.Gaussian has two cases."),
        };

        /// <summary>Ancestral sampling (arXiv 2006.11239, algorithm 2).</summary>
        public sealed record Ddpm : Gaussian;

        /// <summary>DDIM (arXiv 2010.02502).</summary>
        /// <param name="Eta">0 is deterministic, 1 is as noisy as DDPM.</param>
        public sealed record Ddim(double Eta) : Gaussian;
    }
}
