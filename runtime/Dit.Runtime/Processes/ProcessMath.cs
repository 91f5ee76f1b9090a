using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Arithmetic that all processes share.</summary>
internal static class ProcessMath
{
    /// <summary>Times as networks take them: float32, (N,), which holds whole numbers to 2^24 exactly.</summary>
    public static Tensor ToTensor(ReadOnlySpan<double> t, Device device)
    {
        var values = new float[t.Length];
        for (var i = 0; i < values.Length; i++) values[i] = (float)t[i];
        return tensor(values, device: device);
    }

    /// <summary>start x_0 + noise epsilon, with the weights of each sample's time.</summary>
    public static Tensor Mix(Tensor x0, Tensor noise, ReadOnlySpan<double> t, Func<double, PredictionWeights> weightsAt)
    {
        RequireTimes(x0, t);
        if (!x0.shape.AsSpan().SequenceEqual(noise.shape))
            throw new DitException(
                $"Noise of shape ({string.Join(", ", noise.shape)}) was given for data of shape ({string.Join(", ", x0.shape)}).");
        using var scope = NewDisposeScope();
        var (start, spread) = (new double[t.Length], new double[t.Length]);
        for (var i = 0; i < t.Length; i++) (start[i], spread[i]) = weightsAt(t[i]);
        var data = Coefficient.Of(start, x0) * GaussianMath.Compute(x0);
        return (data + Coefficient.Of(spread, x0) * GaussianMath.Compute(noise)).MoveToOuterDisposeScope();
    }

    /// <summary>One prediction as another: two equations in the data and the noise, solved for both.</summary>
    /// <param name="output">The prediction that there is, with the channels of <paramref name="x"/> or more.</param>
    /// <param name="x">x_t.</param>
    /// <param name="state">How x_t is made of data and noise.</param>
    /// <param name="given">How the prediction that there is is made of them.</param>
    /// <param name="wanted">How the prediction that is wanted is made of them.</param>
    public static Tensor Convert(Tensor output, Tensor x, PredictionWeights state, PredictionWeights given, PredictionWeights wanted)
    {
        using var scope = NewDisposeScope();
        var predicted = GaussianMath.Compute(output.narrow(1, 0, x.shape[1]));
        if (given == wanted) return predicted.MoveToOuterDisposeScope();
        // Kept until the calls are over, see Scalars.
        using Scalar fromState = StateFactor(state, given, wanted);
        using Scalar fromOutput = OutputFactor(state, given, wanted);
        return (GaussianMath.Compute(x) * fromState + predicted * fromOutput).MoveToOuterDisposeScope();
    }

    /// <summary>The same, with a time for each sample; the weights are functions of the time.</summary>
    public static Tensor Convert(
        Tensor output,
        Tensor x,
        ReadOnlySpan<double> t,
        Func<double, PredictionWeights> stateAt,
        Func<double, PredictionWeights> givenAt,
        Func<double, PredictionWeights> wantedAt)
    {
        RequireTimes(x, t);
        using var scope = NewDisposeScope();
        var (ofState, ofOutput) = (new double[t.Length], new double[t.Length]);
        for (var i = 0; i < t.Length; i++)
        {
            var (state, given, wanted) = (stateAt(t[i]), givenAt(t[i]), wantedAt(t[i]));
            (ofState[i], ofOutput[i]) = given == wanted
                ? (0, 1)
                : (StateFactor(state, given, wanted), OutputFactor(state, given, wanted));
        }
        var predicted = GaussianMath.Compute(output.narrow(1, 0, x.shape[1]));
        return (Coefficient.Of(ofState, x) * GaussianMath.Compute(x) + Coefficient.Of(ofOutput, x) * predicted).MoveToOuterDisposeScope();
    }

    /// <summary>The factor of x_t in a converted prediction.</summary>
    private static double StateFactor(PredictionWeights state, PredictionWeights given, PredictionWeights wanted) =>
        (wanted.Start * given.Noise - wanted.Noise * given.Start) / Determinant(state, given);

    /// <summary>The factor of the output in a converted prediction.</summary>
    public static double OutputFactor(PredictionWeights state, PredictionWeights given, PredictionWeights wanted) =>
        given == wanted ? 1 : (wanted.Noise * state.Start - wanted.Start * state.Noise) / Determinant(state, given);

    private static double Determinant(PredictionWeights state, PredictionWeights given) =>
        state.Start * given.Noise - state.Noise * given.Start;

    private static void RequireTimes(Tensor x, ReadOnlySpan<double> t)
    {
        if (x.dim() < 2 || t.Length != x.shape[0] || t.IsEmpty)
            throw new DitException(
                $"{t.Length} times were given for a batch of shape ({string.Join(", ", x.shape)}): there must be one per sample.");
    }
}
