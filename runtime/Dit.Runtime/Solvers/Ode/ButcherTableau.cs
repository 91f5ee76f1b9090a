using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The coefficients of an explicit Runge-Kutta method (Hairer, Nørsett and Wanner, Solving Ordinary
/// Differential Equations I, section II.1).</summary>
public sealed record ButcherTableau
{
    private ButcherTableau(string name, int order, double[][] stages, double[] weights)
    {
        (Name, Order) = (name, order);
        (Stages, Weights) = ([.. stages.Select(static row => row.ToImmutableArray())], [.. weights]);
    }

    /// <summary>Euler's method, of order 1.</summary>
    public static ButcherTableau Euler { get; } = new("euler", 1, [[]], [1]);

    /// <summary>The midpoint method, of order 2.</summary>
    public static ButcherTableau Midpoint { get; } = new("midpoint", 2, [[], [1.0 / 2]], [0, 1]);

    /// <summary>Heun's method of two stages, the trapezoidal rule with a predictor, of order 2.</summary>
    public static ButcherTableau Heun { get; } = new("heun", 2, [[], [1]], [1.0 / 2, 1.0 / 2]);

    /// <summary>Heun's method of three stages, of order 3.</summary>
    public static ButcherTableau Heun3 { get; } = new("heun3", 3, [[], [1.0 / 3], [0, 2.0 / 3]], [1.0 / 4, 0, 3.0 / 4]);

    /// <summary>Kutta's method of order 4 by the 3/8 rule, as torchdiffeq has it under the name rk4.</summary>
    public static ButcherTableau Rk4 { get; } = new(
        "rk4", 4, [[], [1.0 / 3], [-1.0 / 3, 1], [1, -1, 1]], [1.0 / 8, 3.0 / 8, 3.0 / 8, 1.0 / 8]);

    /// <summary>The stages and the result of order 5 of Dormand and Prince (J. Comput. Appl. Math. 6, 1980); its last
    /// stage is the first of the next step.</summary>
    internal static ButcherTableau DormandPrince { get; } = new(
        "dopri5",
        5,
        [
            [],
            [1.0 / 5],
            [3.0 / 40, 9.0 / 40],
            [44.0 / 45, -56.0 / 15, 32.0 / 9],
            [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
            [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
            [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
        ],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0]);

    /// <summary>The method's name, as in a spec where it has one.</summary>
    public string Name { get; }

    /// <summary>The order of convergence: the error of a run falls with this power of the step.</summary>
    public int Order { get; }

    /// <summary>Calls of the network in a step.</summary>
    public int Evaluations => Weights.Length;

    /// <summary>For each stage, the weights of the slopes before it.</summary>
    internal ImmutableArray<ImmutableArray<double>> Stages { get; }

    /// <summary>The weight of each slope in the result.</summary>
    internal ImmutableArray<double> Weights { get; }

    /// <summary>Where a stage lies within the step, from 0 to 1.</summary>
    internal double PlaceOf(int stage) => stage == 0 ? 0 : Math.Min(1, Stages[stage].Sum());

    /// <summary>The state at the end of a step.</summary>
    /// <param name="y">The state before it.</param>
    /// <param name="length">The length of the step.</param>
    /// <param name="slope">The slope at a state and a stage.</param>
    internal Tensor Step(Tensor y, double length, Func<Tensor, int, Tensor> slope)
    {
        var slopes = new List<Tensor>(Evaluations);
        for (var stage = 0; stage < Evaluations; stage++)
            slopes.Add(slope(stage == 0 ? y : Advance(y, length, Stages[stage], slopes), stage));
        return Advance(y, length, Weights, slopes);
    }

    /// <summary>y + length (w_0 k_0 + w_1 k_1 + ...).</summary>
    internal static Tensor Advance(Tensor y, double length, ImmutableArray<double> weights, IReadOnlyList<Tensor> slopes) =>
        WeightedSum.Of([(1, y), .. weights.Zip(slopes, (weight, slope) => (length * weight, slope))]);
}
