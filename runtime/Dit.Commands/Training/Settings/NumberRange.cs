using Dit.Spec;

namespace Dit.Commands;

/// <summary>The range of a number.</summary>
/// <param name="Min">The least.</param>
/// <param name="Max">The largest; infinite for none.</param>
internal sealed record NumberRange(double Min, double Max = double.PositiveInfinity)
{
    /// <summary>Numbers above 0.</summary>
    public static NumberRange Positive { get; } = new(0) { WithoutMin = true };

    /// <summary>Numbers of at least 0.</summary>
    public static NumberRange AtLeast0 { get; } = new(0);

    /// <summary>Decays of running means: from 0 up to, not including, 1.</summary>
    public static NumberRange Decay { get; } = new(0, 1) { WithoutMax = true };

    /// <summary>Whether the least number is not part of the range.</summary>
    public bool WithoutMin { get; init; }

    /// <summary>Whether the largest number is not part of the range.</summary>
    public bool WithoutMax { get; init; }

    /// <summary>Whether a number is in the range; none that is not finite is.</summary>
    public bool Contains(double x) =>
        double.IsFinite(x) && (WithoutMin ? x > Min : x >= Min) && (WithoutMax ? x < Max : x <= Max);

    /// <summary>The range in words: <c>above 0</c>.</summary>
    public string Words => (WithoutMin, WithoutMax, double.IsFinite(Max)) switch
    {
        (true, _, false) => $"above {Digits(Min)}",
        (false, _, false) => $"at least {Digits(Min)}",
        (true, false, true) => $"above {Digits(Min)} and at most {Digits(Max)}",
        (true, true, true) => $"above {Digits(Min)} and below {Digits(Max)}",
        (false, false, true) => $"from {Digits(Min)} to {Digits(Max)}",
        (false, true, true) => $"from {Digits(Min)} up to, not including, {Digits(Max)}",
    };

    /// <summary>What is in it: <c>a number above 0</c>.</summary>
    public string Wanted => $"a number {(Words.StartsWith("at least", StringComparison.Ordinal) ? "of " : "")}{Words}";

    /// <summary>The range in a JSON schema.</summary>
    public (string Name, string? Value)[] Schema =>
    [
        (WithoutMin ? "exclusiveMinimum" : "minimum", Digits(Min)),
        (WithoutMax ? "exclusiveMaximum" : "maximum", double.IsFinite(Max) ? Digits(Max) : null),
    ];

    private static string Digits(double x) => Numbers.Write(x);
}
