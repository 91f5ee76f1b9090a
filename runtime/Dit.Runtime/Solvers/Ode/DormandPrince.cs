using System.Collections.Immutable;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Integrates dy / du = slope(y, u) in steps whose estimated error meets a tolerance: Dormand and Prince's pair of
/// orders 5 and 4, its error estimate as of Shampine (Math. Comp. 46, 1986), and the control of steps of Hairer,
/// Nørsett and Wanner (Solving Ordinary Differential Equations I, section II.4). Settings are those of torchdiffeq.
/// </summary>
/// <remarks>
/// The error counts over the whole tensor at once. Places and lengths are float64 on the host. The slope at the end of
/// a step is that at the beginning of the next one, so a step that is accepted costs six slopes.
/// </remarks>
internal sealed class DormandPrince
{
    private const int Order = 5;
    private const double Safety = 0.9, LargestGrowth = 10, LargestCut = 0.2;

    // Weights of the result of order 5, less those of order 4.
    internal static ImmutableArray<double> ErrorWeights { get; } =
    [
        35.0 / 384 - 1951.0 / 21600,
        0,
        500.0 / 1113 - 22642.0 / 50085,
        125.0 / 192 - 451.0 / 720,
        -2187.0 / 6784 + 12231.0 / 42400,
        11.0 / 84 - 649.0 / 6300,
        -1.0 / 60,
    ];

    private readonly Func<Tensor, double, Tensor> slope;
    private readonly (double From, double To) span;
    private readonly Tolerance tolerance;
    private double length; // with the sign of the direction; 0 before the first step

    /// <param name="slope">dy / du at a state and a place.</param>
    /// <param name="span">Where the way begins and ends; it may fall.</param>
    /// <param name="tolerance">The largest error of a step.</param>
    public DormandPrince(Func<Tensor, double, Tensor> slope, (double From, double To) span, Tolerance tolerance) =>
        (this.slope, this.span, this.tolerance, Place) = (slope, span, tolerance, span.From);

    /// <summary>Where the last accepted step ended.</summary>
    public double Place { get; private set; }

    /// <summary>Whether the way is done.</summary>
    public bool IsDone => Place == span.To;

    /// <summary>Makes one step, after as many attempts as it takes.</summary>
    /// <param name="y">The state at <see cref="Place"/>.</param>
    /// <param name="first">The slope there, where it is known.</param>
    /// <exception cref="DitException">No step is small enough.</exception>
    public AcceptedStep Step(Tensor y, Tensor? first)
    {
        using var scope = NewDisposeScope();
        first ??= slope(y, Place);
        if (length == 0) length = FirstLength(y, first);
        for (var rejected = 0; ; rejected++)
        {
            using var attempt = NewDisposeScope();
            var end = Reaches(length) ? span.To : Place + length;
            if (end == Place)
                throw new DitException(FormattableString.Invariant(
                    $"The adaptive solver cannot meet its tolerance at {Place}: even the smallest step has too large an error. Give a larger tolerance."));
            var taken = end - Place;
            var (next, slopes) = Attempt(y, first, taken, end);
            var error = ErrorOf(y, next, slopes, taken);
            if (error > 1)
            {
                length = taken * Factor(error);
                continue;
            }
            // A number that is not finite is accepted as well: the loop finds it and says where it began.
            (Place, length) = double.IsNaN(error) ? (span.To, taken) : (end, taken * Factor(error));
            return new(Out(next), Out(slopes[^1]), rejected);
        }

        static Tensor Out(Tensor result) => result.MoveToOuterDisposeScope().MoveToOuterDisposeScope();
    }

    private bool Reaches(double step) => Math.Abs(step) >= Math.Abs(span.To - Place) * (1 - 1e-12);

    private (Tensor Next, List<Tensor> Slopes) Attempt(Tensor y, Tensor first, double taken, double end)
    {
        var tableau = ButcherTableau.DormandPrince;
        var slopes = new List<Tensor>(tableau.Evaluations) { first };
        var at = y;
        for (var stage = 1; stage < tableau.Evaluations; stage++)
        {
            at = ButcherTableau.Advance(y, taken, tableau.Stages[stage], slopes);
            var share = tableau.PlaceOf(stage);
            slopes.Add(slope(at, share == 1 ? end : Place + taken * share));
        }
        return (at, slopes); // the last stage is the result
    }

    private double ErrorOf(Tensor y, Tensor next, List<Tensor> slopes, double taken)
    {
        using var scope = NewDisposeScope();
        var error = WeightedSum.Of([.. ErrorWeights.Zip(slopes, (weight, slope) => (taken * weight, slope))]);
        return Norm(error / Scale(maximum(y.abs(), next.abs())));
    }

    /// <summary>
    /// A first guess, by the size of the slope and of its change (Hairer, Nørsett and Wanner, section II.4, "starting
    /// step size").
    /// </summary>
    private double FirstLength(Tensor y, Tensor first)
    {
        using var scope = NewDisposeScope();
        var whole = Math.Abs(span.To - span.From);
        var direction = Math.Sign(span.To - span.From);
        var scale = Scale(y.abs());
        var (d0, d1) = (Norm(y / scale), Norm(first / scale));
        var trial = Math.Min(whole, d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1);
        if (double.IsNaN(trial)) return direction * whole;
        var ahead = slope(ButcherTableau.Advance(y, direction * trial, [1], [first]), Place + direction * trial);
        var d2 = Norm((ahead - first) / scale) / trial;
        var larger = Math.Max(d1, d2);
        var guess = larger <= 1e-15 ? Math.Max(1e-6, trial * 1e-3) : Math.Pow(0.01 / larger, 1.0 / Order);
        return direction * (double.IsNaN(guess) ? whole : Math.Min(100 * trial, guess));
    }

    private static double Factor(double error)
    {
        if (error == 0) return LargestGrowth;
        return Math.Min(LargestGrowth, Math.Max(Safety / Math.Pow(error, 1.0 / Order), error < 1 ? 1 : LargestCut));
    }

    private Tensor Scale(Tensor size)
    {
        using Scalar relative = tolerance.Relative, absolute = tolerance.Absolute; // kept until the calls are over, see Scalars
        return size.mul(relative).add(absolute);
    }

    private static double Norm(Tensor x)
    {
        using var scope = NewDisposeScope();
        return Math.Sqrt(x.to(ScalarType.Float64).square().mean().item<double>());
    }
}

/// <summary>The largest error of a step: absolute + relative |y|.</summary>
internal readonly record struct Tolerance(double Relative, double Absolute)
{
    /// <summary>Makes sure that a number can be a tolerance.</summary>
    /// <exception cref="DitException">It is not a positive number.</exception>
    public static double Require(double tolerance) => tolerance > 0 && double.IsFinite(tolerance)
        ? tolerance
        : throw new DitException(FormattableString.Invariant($"A tolerance of {tolerance} was given: it must be a number above 0."));
}

/// <summary>A step that met the tolerance.</summary>
/// <param name="Y">The state at its end.</param>
/// <param name="Slope">The slope there.</param>
/// <param name="Rejected">Attempts before it that did not meet the tolerance.</param>
internal readonly record struct AcceptedStep(Tensor Y, Tensor Slope, int Rejected);
