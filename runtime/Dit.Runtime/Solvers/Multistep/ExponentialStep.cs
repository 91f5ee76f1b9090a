namespace Dit.Runtime;

/// <summary>
/// The linear part of an exponential integrator between two nodes: what the state, the noise and the prediction
/// integrate to, in the half logarithm of the signal-to-noise ratio lambda, with h its difference between the nodes.
/// </summary>
/// <remarks>
/// Data: DPM-Solver++, arXiv 2211.01095, equation 8. Noise: DPM-Solver, arXiv 2206.00927, equation 3.4. phi_k are the
/// functions of that paper's appendix B.2. All in float64 on the host. Weights of first order stay finite where lambda
/// is not: alpha is 0 at the noise of a flow, sigma is 0 at the data.
/// </remarks>
/// <param name="State">Weight of the state.</param>
/// <param name="First">Weight of a constant prediction, Scale times phi_1(Z).</param>
/// <param name="Noise">Weight of new noise; 0 for an ordinary differential equation.</param>
/// <param name="Scale">Factor of phi_k(Z) in the weight of the prediction's derivative k - 1, times h^(k - 1).</param>
/// <param name="Z">Argument of phi_k.</param>
internal readonly record struct ExponentialStep(double State, double First, double Noise, double Scale, double Z)
{
    /// <summary>The ordinary differential equation with a prediction of the data.</summary>
    public static ExponentialStep OfData(NoiseNode from, NoiseNode to)
    {
        var (shrink, h) = (to.Sigma / from.Sigma, to.Lambda - from.Lambda);
        return new(shrink, to.Alpha - from.Alpha * shrink, 0, to.Alpha * h, -h);
    }

    /// <summary>The same with a prediction of the noise; infinite where alpha is 0.</summary>
    public static ExponentialStep OfNoise(NoiseNode from, NoiseNode to)
    {
        var (grow, h) = (to.Alpha / from.Alpha, to.Lambda - from.Lambda);
        return new(grow, to.Sigma - from.Sigma * grow, 0, -to.Sigma * h, h);
    }

    /// <summary>The stochastic differential equation with a prediction of the data (DPM-Solver++, appendix
    /// B.6).</summary>
    public static ExponentialStep OfDataStochastic(NoiseNode from, NoiseNode to)
    {
        var (kept, h) = (Kept(from, to), to.Lambda - from.Lambda);
        return new(
            to.Sigma / from.Sigma * kept, to.Alpha * (1 - kept * kept), to.Sigma * Math.Sqrt(1 - kept * kept), 2 * to.Alpha * h, -2 * h);
    }

    /// <summary>The same with a prediction of the noise.</summary>
    public static ExponentialStep OfNoiseStochastic(NoiseNode from, NoiseNode to)
    {
        var ode = OfNoise(from, to);
        var spread = Math.Sqrt(Math.Pow(from.Sigma * ode.State, 2) - to.Sigma * to.Sigma);
        return ode with { First = 2 * ode.First, Noise = spread, Scale = 2 * ode.Scale };
    }

    /// <summary>Weights of the last predictions, the newest first, of first order.</summary>
    public double[] Constant() => [First];

    /// <summary>Second order by the midpoint rule (DPM-Solver++, algorithm 2).</summary>
    /// <param name="r">The step before, in units of this one.</param>
    public double[] Midpoint(double r) => [First + First / (2 * r), -First / (2 * r)];

    /// <summary>The exact integral of the polynomial through the last predictions, of order 2 or 3 (DEIS, arXiv
    /// 2204.13902, equation 15).</summary>
    /// <param name="r">The steps before, the newest first, in units of this one; one less than the order.</param>
    /// <param name="curvature">Factor of the quadratic term.</param>
    public double[] Polynomial(ReadOnlySpan<double> r, double curvature = 1)
    {
        var slope = Weight(2);
        if (r.Length == 1) return [First + slope / r[0], -slope / r[0]];
        // Newton's divided differences: the slope at 0 is d01 + r0 d012, the second derivative 2 d012.
        var span = r[0] + r[1];
        var second = slope * r[0] + 2 * curvature * Weight(3); // weight of d012
        return
        [
            First + slope / r[0] + second / (r[0] * span),
            -slope / r[0] - second / (r[0] * span) - second / (r[1] * span),
            second / (r[1] * span),
        ];
    }

    /// <summary>Scale phi_k(Z): the weight of the prediction's derivative k - 1 times h^(k - 1).</summary>
    public double Weight(int k) => k == 1 ? First : Scale * Phi(k, Z);

    /// <summary>phi_k(z), the sum of z^j / (j + k)! over all j from 0.</summary>
    public static double Phi(int k, double z)
    {
        if (Math.Abs(z) > 1) // else the subtractions cancel
            return k == 0 ? Math.Exp(z) : (Phi(k - 1, z) - 1 / Factorial(k - 1)) / z;
        var (term, sum) = (1 / Factorial(k), 0.0);
        for (var j = 1; Math.Abs(term) > 1e-18; j++)
        {
            sum += term;
            term *= z / (j + k);
        }
        return sum;
    }

    /// <summary>k!.</summary>
    public static double Factorial(int k) => k < 2 ? 1 : k * Factorial(k - 1);

    // e^-h, the share of the noise that is kept.
    private static double Kept(NoiseNode from, NoiseNode to) => to.Sigma * from.Alpha / (from.Sigma * to.Alpha);
}
