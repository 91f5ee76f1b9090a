using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The weights that a power-function average gives to the past (Karras et al., arXiv 2312.02696, section 3.1):
/// <c>p(t) = (gamma + 1) t^gamma / T^(gamma + 1)</c> from 0 to T, and 0 after T.
/// </summary>
/// <param name="Step">T, the step at which the average is taken, above 0.</param>
/// <param name="Gamma">The exponent, 0 or more; at 0 the average is the mean of all steps.</param>
public readonly record struct PowerProfile(double Step, double Gamma)
{
    /// <summary>The largest length, that of the mean of all steps: the square root of 1/12.</summary>
    public static double LargestLength { get; } = Math.Sqrt(1.0 / 12);

    /// <summary>The profile of an average of a given length.</summary>
    /// <param name="step">T.</param>
    /// <param name="length">sigma_rel, above 0 and at most <see cref="LargestLength"/>.</param>
    /// <exception cref="DitException">There is no average of this length.</exception>
    public static PowerProfile OfLength(double step, double length) => new(step, GammaOf(length));

    /// <summary>The exponent for a length (appendix C, algorithm 2).</summary>
    /// <param name="length">sigma_rel, above 0 and at most <see cref="LargestLength"/>.</param>
    /// <returns>The largest root of <c>(gamma + 2)^2 (gamma + 3) = (gamma + 1) / length^2</c>.</returns>
    /// <exception cref="DitException">There is no average of this length.</exception>
    public static double GammaOf(double length)
    {
        RequireLength(length);
        var (low, high) = (0.0, 1 / length); // the length falls with gamma, and is below 1 / (gamma + 2)
        while ((low + high) / 2 is var middle && middle > low && middle < high)
            if (LengthOf(middle) > length) low = middle;
            else high = middle;
        return low;
    }

    /// <summary>The length of an average with an exponent (equation 2 of section 3.1 and appendix C).</summary>
    /// <param name="gamma">The exponent, 0 or more.</param>
    public static double LengthOf(double gamma) => Math.Sqrt((gamma + 1) / (gamma + 3)) / (gamma + 2);

    /// <summary>
    /// The decay of the average in a step, <c>(1 - 1 / t)^(gamma + 1)</c>: the average becomes the weights in the first
    /// step, and is exact when the weights stay the same throughout each step.
    /// </summary>
    /// <param name="gamma">The exponent.</param>
    /// <param name="step">t, from 1.</param>
    public static double DecayAt(double gamma, int step) => Math.Pow(1 - 1.0 / step, gamma + 1);

    /// <summary>
    /// The integral of the product with a different profile (appendix C, algorithm 3, <c>p_dot_p</c>).
    /// </summary>
    public double Dot(PowerProfile other)
    {
        var (early, late) = Step < other.Step ? (this, other) : (other, this);
        return (Gamma + 1) * (other.Gamma + 1) / (Gamma + other.Gamma + 1) * Math.Pow(early.Step / late.Step, late.Gamma) / late.Step;
    }

    /// <summary>
    /// The combination of profiles that is nearest to this one by least squares (appendix C, algorithm 3,
    /// <c>solve_weights</c>).
    /// </summary>
    /// <param name="others">Different profiles, at least one.</param>
    public PowerFit FitBy(IReadOnlyList<PowerProfile> others)
    {
        // Profiles of norm 1, so that those of early steps, which are high, do not hide the others.
        double[] norms = [.. others.Select(static one => Math.Sqrt(one.Dot(one)))];
        var wanted = this;
        double[] right = [.. others.Select((one, i) => one.Dot(wanted) / norms[i])];
        double[] products =
            [.. others.SelectMany((row, i) => others.Select((column, j) => row.Dot(column) / norms[i] / norms[j]))];
        var solution = Solve(products, right);
        var met = solution.Zip(right, static (x, b) => x * b).Sum() / Dot(this);
        return new([.. solution.Zip(norms, static (x, norm) => x / norm)], Math.Sqrt(Math.Max(0, 1 - met)));
    }

    private static double[] Solve(double[] matrix, double[] right)
    {
        using var scope = NewDisposeScope();
        return linalg.solve(tensor(matrix, [right.Length, right.Length]), tensor(right)).data<double>().ToArray();
    }

    /// <summary>Makes sure that there is an average of a length.</summary>
    /// <exception cref="DitException">There is none.</exception>
    internal static void RequireLength(double length)
    {
        if (!(length > 0 && length <= LargestLength))
            throw new DitException(FormattableString.Invariant(
                $"The length of an average is above 0 and at most {Math.Floor(LargestLength * 1e4) / 1e4}, that of the mean of all steps; ")
                + FormattableString.Invariant($"it is {length}."));
    }
}

/// <summary>A combination of profiles that is near to a wanted one.</summary>
/// <param name="Coefficients">The factor of each profile; some are negative.</param>
/// <param name="Error">
/// The norm of the difference as a part of the norm of the wanted profile: 0 where they are the same.
/// </param>
public sealed record PowerFit(IReadOnlyList<double> Coefficients, double Error);
