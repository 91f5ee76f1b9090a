namespace Dit.Spec;

/// <summary>Suggests a number that divides evenly.</summary>
internal static class Multiples
{
    /// <summary>
    /// The multiple of <paramref name="unit"/> that is nearest, legal and at most <paramref name="max"/>; the lower of
    /// two equally near.
    /// </summary>
    public static int? Nearest(int value, int unit, int max, Func<int, bool> isLegal)
    {
        var below = value / unit * unit;
        for (var distance = 0; below - distance > 0 || below + distance < max; distance += unit)
        {
            var (low, high) = (below - distance, below + unit + distance);
            var lowFirst = value - low <= high - value;
            foreach (var candidate in (int[])[lowFirst ? low : high, lowFirst ? high : low])
                if (candidate >= unit && candidate <= max && isLegal(candidate))
                    return candidate;
        }
        return null;
    }

    /// <summary>The error with <c>; 1152 is</c> appended, and its fix.</summary>
    public static SpecError Suggest(SpecError error, int right, TextRange at) => error with
    {
        Message = FormattableString.Invariant($"{error.Message}; {right} is"),
        Fix = new(at, FormattableString.Invariant($"{right}")),
    };
}
