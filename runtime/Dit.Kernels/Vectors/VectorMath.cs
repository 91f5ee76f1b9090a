using System.Runtime.CompilerServices;

namespace Dit.Kernels;

/// <summary>Functions of every lane.</summary>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal static class VectorMath<V, S>
    where V : struct
    where S : struct, ISimd<V>
{
    private const float Log2OfE = 1.44269504f;

    // ln 2 in two parts: the first has so few bits that a whole number times it is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>
    /// e to the power of x, to 2 units in the last place; infinite above 88.73, with some instructions from 88.37 on,
    /// and the smallest normal float below -87.3.
    /// </summary>
    /// <remarks>
    /// e^x = 2^n e^r with r within half of ln 2; e^r by a polynomial of degree 5 that begins with 1 + r, its other
    /// coefficients those whose largest relative error there is least (Remez' exchange): 1.1e-7, one unit in the last
    /// place.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        x = S.Min(S.Fill(89), S.Max(S.Fill(-87.3f), x)); // in this order, not-a-number stays what it is
        var n = S.Round(S.Multiply(x, S.Fill(Log2OfE)));
        var r = S.MultiplyAdd(n, S.Fill(-Ln2Low), S.MultiplyAdd(n, S.Fill(-Ln2High), x));
        var p = S.MultiplyAdd(S.Fill(0.00831250101f), r, S.Fill(0.0418903306f));
        p = S.MultiplyAdd(p, r, S.Fill(0.166671157f));
        p = S.MultiplyAdd(p, r, S.Fill(0.499992311f));
        p = S.MultiplyAdd(p, r, S.Fill(1));
        p = S.MultiplyAdd(p, r, S.Fill(1));
        return S.TimesPowerOfTwo(p, n);
    }

    /// <summary>SiLU, <c>x / (1 + e^-x)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Silu(V x) => S.Divide(x, S.Add(S.Fill(1), Exp(S.Subtract(S.Fill(0), x))));

    /// <summary>
    /// The tanh form of GELU, <c>x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))</c> (arXiv 1606.08415).
    /// </summary>
    /// <remarks>(1 + tanh z) / 2 is 1 / (1 + e^-2z): one exponential and one division.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu(V x)
    {
        const float factor = -1.59576912161f; // -2 sqrt(2 / pi)
        var z = S.Multiply(x, S.MultiplyAdd(S.Multiply(x, x), S.Fill(0.044715f * factor), S.Fill(factor)));
        return S.Divide(x, S.Add(S.Fill(1), Exp(z)));
    }

    /// <summary>
    /// GELU by the error function, <c>x / 2 (1 + erf(x / sqrt(2)))</c> (arXiv 1606.08415), to 3e-7 times the smaller
    /// of 1 and |x|, besides rounding; not a number for what is not finite.
    /// </summary>
    /// <remarks>
    /// It is max(x, 0) - |x| / 2 erfc(|x| / sqrt(2)) on both sides of zero. erfc is e^(-x^2 / 2) times a polynomial of
    /// degree 7 in 1 / (1 + 0.36 |x|) without a constant term, the coefficients those whose largest relative error is
    /// least from 0 to 14: 9e-7.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ExactGelu(V x)
    {
        var size = S.Max(x, S.Multiply(x, S.Fill(-1)));
        var t = S.Divide(S.Fill(1), S.MultiplyAdd(size, S.Fill(0.36f), S.Fill(1)));
        var p = S.MultiplyAdd(S.Fill(0.0941139961f), t, S.Fill(-0.3595343004f));
        p = S.MultiplyAdd(p, t, S.Fill(0.3619148324f));
        p = S.MultiplyAdd(p, t, S.Fill(0.0530938549f));
        p = S.MultiplyAdd(p, t, S.Fill(0.2794403292f));
        p = S.MultiplyAdd(p, t, S.Fill(0.2835445686f));
        p = S.MultiplyAdd(p, t, S.Fill(0.2874261156f));
        var tail = S.Multiply(S.Multiply(p, t), Exp(S.Multiply(S.Multiply(x, x), S.Fill(-0.5f)))); // erfc
        return S.MultiplyAdd(S.Multiply(size, S.Fill(-0.5f)), tail, S.Max(S.Fill(0), x));
    }
}
