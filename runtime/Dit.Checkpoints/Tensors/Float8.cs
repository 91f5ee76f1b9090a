namespace Dit.Checkpoints;

/// <summary>
/// The numbers of 8 bits (Micikevicius et al., arXiv 2209.05433; the variants without a negative zero, arXiv
/// 2206.02915).
/// </summary>
internal static class Float8
{
    /// <summary>What the highest exponent means.</summary>
    public enum Specials
    {
        /// <summary>Infinity, and NaN where the fraction is not 0, as in the types of IEEE 754.</summary>
        AsIeee,

        /// <summary>
        /// NaN where all bits of the fraction are set as well, and numbers otherwise; there is no infinity.
        /// </summary>
        OnlyNaN,

        /// <summary>Numbers; the bits of the negative zero are the one NaN.</summary>
        NaNForNegativeZero,
    }

    /// <summary>The value of each of the 256 bytes, which float32 holds exactly.</summary>
    /// <param name="exponentBits">Bits of the exponent; those that remain beside the sign are the fraction.</param>
    /// <param name="bias">What is taken from the exponent.</param>
    /// <param name="specials">What the highest exponent means.</param>
    public static float[] Table(int exponentBits, int bias, Specials specials)
    {
        var fractionBits = 7 - exponentBits;
        var (lastExponent, lastFraction) = ((1 << exponentBits) - 1, (1 << fractionBits) - 1);
        return [.. Enumerable.Range(0, 256).Select(Value)];

        float Value(int bits)
        {
            var (sign, exponent, fraction) = (bits >> 7 == 0 ? 1f : -1f, (bits >> fractionBits) & lastExponent, bits & lastFraction);
            return specials switch
            {
                Specials.AsIeee when exponent == lastExponent => fraction == 0 ? sign * float.PositiveInfinity : float.NaN,
                Specials.OnlyNaN when exponent == lastExponent && fraction == lastFraction => float.NaN,
                Specials.NaNForNegativeZero when bits == 0x80 => float.NaN,
                _ when exponent == 0 => sign * MathF.ScaleB(fraction, 1 - bias - fractionBits),
                _ => sign * MathF.ScaleB((1 << fractionBits) + fraction, exponent - bias - fractionBits),
            };
        }
    }
}
