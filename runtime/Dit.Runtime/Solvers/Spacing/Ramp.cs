namespace Dit.Runtime;

/// <summary>A rule that places noise levels between a largest and a smallest one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="At">The level at a share of the way from the largest to the smallest, 0 to 1.</param>
internal sealed record Ramp(string Name, Func<double, double, double, double> At)
{
    private const double Rho = 7;
    private const double BetaShape = 0.6;

    /// <summary>Karras et al., arXiv 2206.00364, equation 5.</summary>
    public static Ramp Karras { get; } = new("karras", static (largest, smallest, share) => Math.Pow(
        Math.Pow(largest, 1 / Rho) + share * (Math.Pow(smallest, 1 / Rho) - Math.Pow(largest, 1 / Rho)), Rho));

    /// <summary>Geometric.</summary>
    public static Ramp Exponential { get; } = new("exponential", static (largest, smallest, share) =>
        Math.Exp(Math.Log(largest) + share * (Math.Log(smallest) - Math.Log(largest))));

    /// <summary>Quantiles of Beta(0.6, 0.6).</summary>
    public static Ramp Beta { get; } = new("beta", static (largest, smallest, share) =>
        smallest + BetaQuantile(1 - share) * (largest - smallest));

    /// <summary>The levels, falling.</summary>
    /// <param name="largest">The first.</param>
    /// <param name="smallest">The last; a single level is the largest.</param>
    /// <param name="count">How many.</param>
    public IEnumerable<double> Between(double largest, double smallest, int count) => Enumerable.Range(0, count).Select(i =>
        i == 0 ? largest : i == count - 1 ? smallest : At(largest, smallest, (double)i / (count - 1)));

    /// <summary>The inverse of the distribution function of Beta(0.6, 0.6), by bisection.</summary>
    private static double BetaQuantile(double probability)
    {
        if (probability > 0.5) return 1 - BetaQuantile(1 - probability); // symmetric
        if (probability == 0.5) return 0.5;
        var (low, high) = (0.0, 0.5);
        while (true)
        {
            var middle = (low + high) / 2;
            if (middle == low || middle == high) return middle;
            if (BetaDistribution(middle) < probability) low = middle;
            else high = middle;
        }
    }

    /// <summary>
    /// The distribution function up to 1/2: the power series of the incomplete beta function (NIST DLMF, 8.17.7)
    /// over twice its value at 1/2.
    /// </summary>
    private static double BetaDistribution(double x) => x == 0 ? 0 : Incomplete(x) / (2 * Incomplete(0.5));

    private static double Incomplete(double x)
    {
        var (term, sum) = (1.0, 1 / BetaShape);
        for (var k = 1; Math.Abs(term) > 1e-18; k++)
        {
            term *= (k - BetaShape) / k * x;
            sum += term / (BetaShape + k);
        }
        return Math.Pow(x, BetaShape) * sum;
    }
}
