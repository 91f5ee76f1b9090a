namespace Dit.Runtime;

/// <summary>
/// How a flow mixes data and noise, <c>x_t = alpha(t) x_0 + sigma(t) noise</c>, from noise at t = 0 to data at t = 1
/// (SiT, arXiv 2401.08740, section 2 and table 1; time runs as in its published code, which is the reverse of the
/// paper's).
/// </summary>
/// <remarks>Closed: <see cref="Linear"/>, <see cref="Gvp"/> and <see cref="Vp"/>. Pure.</remarks>
public abstract record FlowPath
{
    private FlowPath() { }

    /// <summary>alpha = t, sigma = 1 - t.</summary>
    public static FlowPath Linear { get; } = new LinearPath();

    /// <summary>Generalized variance preserving: alpha = sin(pi t / 2), sigma = cos(pi t / 2).</summary>
    public static FlowPath Gvp { get; } = new GvpPath();

    /// <summary>The variance preserving diffusion in continuous time (Song et al., arXiv 2011.13456), beta from 0.1 to
    /// 20.</summary>
    public static FlowPath Vp { get; } = new VpPath();

    /// <summary>Scale of the data.</summary>
    /// <param name="t">0 to 1.</param>
    public abstract double Alpha(double t);

    /// <summary>Scale of the noise.</summary>
    /// <param name="t">0 to 1.</param>
    public abstract double Sigma(double t);

    /// <summary>The derivative of alpha by t.</summary>
    /// <param name="t">0 to 1.</param>
    public abstract double AlphaRate(double t);

    /// <summary>The derivative of sigma by t; infinite at t = 1 for <see cref="Vp"/>.</summary>
    /// <param name="t">0 to 1.</param>
    public abstract double SigmaRate(double t);

    /// <summary>
    /// Half the square of the noise that the stochastic form of the path adds,
    /// alpha' sigma^2 / alpha - sigma sigma' (SiT's published code; Song et al., arXiv 2011.13456, for
    /// <see cref="Vp"/>); infinite at t = 0 where alpha is 0.
    /// </summary>
    /// <param name="t">0 to 1, not 1 for <see cref="Vp"/>.</param>
    public double DiffusionRate(double t) => AlphaRate(t) / Alpha(t) * Sigma(t) * Sigma(t) - Sigma(t) * SigmaRate(t);

    private sealed record LinearPath : FlowPath
    {
        public override double Alpha(double t) => t;

        public override double Sigma(double t) => 1 - t;

        public override double AlphaRate(double t) => 1;

        public override double SigmaRate(double t) => -1;

        public override string ToString() => "linear";
    }

    private sealed record GvpPath : FlowPath
    {
        public override double Alpha(double t) => Math.Sin(t * Math.PI / 2);

        public override double Sigma(double t) => Math.Cos(t * Math.PI / 2);

        public override double AlphaRate(double t) => Math.PI / 2 * Math.Cos(t * Math.PI / 2);

        public override double SigmaRate(double t) => -Math.PI / 2 * Math.Sin(t * Math.PI / 2);

        public override string ToString() => "gvp";
    }

    private sealed record VpPath : FlowPath
    {
        private const double MinBeta = 0.1;
        private const double MaxBeta = 20;

        public override double Alpha(double t) => Math.Exp(LogAlpha(t));

        // 1 - alpha^2 without the cancellation near the data.
        public override double Sigma(double t) => Math.Sqrt(-ExpMinusOne(2 * LogAlpha(t)));

        public override double AlphaRate(double t) => Alpha(t) * LogAlphaRate(t);

        public override double SigmaRate(double t) => -Math.Exp(2 * LogAlpha(t)) * LogAlphaRate(t) / Sigma(t);

        public override string ToString() => "vp";

        private static double LogAlpha(double t) => -0.25 * (1 - t) * (1 - t) * (MaxBeta - MinBeta) - 0.5 * (1 - t) * MinBeta;

        private static double LogAlphaRate(double t) => 0.5 * (1 - t) * (MaxBeta - MinBeta) + 0.5 * MinBeta;

        private static double ExpMinusOne(double x) => Math.Abs(x) < 1e-5 ? x + x * x / 2 : Math.Exp(x) - 1;
    }
}
