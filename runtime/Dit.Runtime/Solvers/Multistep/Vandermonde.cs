namespace Dit.Runtime;

/// <summary>Small systems of equations whose rows are powers.</summary>
internal static class Vandermonde
{
    /// <summary>Solves <c>sum over k of r_k^j x_k = b_j</c> for j from 0.</summary>
    /// <param name="r">Different numbers.</param>
    /// <param name="b">As many.</param>
    /// <returns>x, as many.</returns>
    public static double[] Solve(double[] r, double[] b)
    {
        // Row k of the inverse: the coefficients of the Lagrange polynomial that is 1 at r_k and 0 at the others.
        return [.. r.Select((_, k) => Lagrange(r, k).Zip(b, static (coefficient, value) => coefficient * value).Sum())];
    }

    private static double[] Lagrange(double[] r, int k)
    {
        double[] polynomial = [1];
        foreach (var root in r.Where((_, i) => i != k))
        {
            var scale = 1 / (r[k] - root);
            var next = new double[polynomial.Length + 1];
            for (var power = 0; power < polynomial.Length; power++)
            {
                next[power + 1] += polynomial[power] * scale;
                next[power] -= polynomial[power] * root * scale;
            }
            polynomial = next;
        }
        return polynomial;
    }
}
