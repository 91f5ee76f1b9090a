using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// How data turns into noise over time, <c>x_t = alpha(t) x_0 + sigma(t) noise</c>, and what a network learns about the
/// way back.
/// </summary>
/// <remarks>
/// Immutable. Times are numbers on the host in the unit that the network was trained with: whole timesteps for
/// <see cref="GaussianDiffusion"/>, reals for a flow. Predictions are linear in the data and the noise
/// (<see cref="Weights"/>), so noising,
/// targets, conversions and the squared error need nothing else, and a process has them without further code.
/// </remarks>
public interface IProcess
{
    /// <summary>What the network's output stands for.</summary>
    Prediction Prediction { get; }

    /// <summary>The time of the noise that sampling starts from.</summary>
    double NoiseTime { get; }

    /// <summary>The time of the data, where sigma is 0; a network is never called with it.</summary>
    double DataTime { get; }

    /// <summary>Scale of the data at a time.</summary>
    /// <param name="t">From <see cref="DataTime"/> to <see cref="NoiseTime"/>.</param>
    /// <exception cref="DitException">The time is outside the process.</exception>
    double Alpha(double t);

    /// <summary>Scale of the noise at a time.</summary>
    /// <param name="t">From <see cref="DataTime"/> to <see cref="NoiseTime"/>.</param>
    /// <exception cref="DitException">The time is outside the process.</exception>
    double Sigma(double t);

    /// <summary>Standard deviation of the noise where the data has its own scale: sigma / alpha. Guidance intervals are
    /// given in it.</summary>
    /// <param name="t">From <see cref="DataTime"/> to <see cref="NoiseTime"/>.</param>
    double NoiseLevel(double t) => Sigma(t) / Alpha(t);

    /// <summary>How a prediction is made of the data and the noise.</summary>
    /// <param name="prediction">The prediction.</param>
    /// <param name="t">The time.</param>
    /// <exception cref="DitException">This process has no such prediction.</exception>
    PredictionWeights Weights(Prediction prediction, double t);

    /// <summary>The times of a batch in training: whole timesteps or reals, as the process has them.</summary>
    /// <param name="n">N.</param>
    /// <param name="random">The random numbers, of the CPU.</param>
    double[] DrawTimes(int n, Generator random);

    /// <summary>The data with noise: alpha(t) x_0 + sigma(t) noise.</summary>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="t">Times, N of them.</param>
    /// <param name="noise">Standard normal, (N, C, Y, X).</param>
    /// <returns>x_t, (N, C, Y, X).</returns>
    Tensor Noised(Tensor x0, ReadOnlySpan<double> t, Tensor noise) => ProcessMath.Mix(x0, noise, t, time => new(Alpha(time), Sigma(time)));

    /// <summary>What the network should predict.</summary>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="t">Times, N of them.</param>
    /// <param name="noise">Standard normal, (N, C, Y, X).</param>
    /// <returns>(N, C, Y, X).</returns>
    Tensor Target(Tensor x0, ReadOnlySpan<double> t, Tensor noise) => ProcessMath.Mix(x0, noise, t, time => Weights(Prediction, time));

    /// <summary>One prediction as another.</summary>
    /// <param name="output">The network's output; channels beyond those of <paramref name="x"/> are left out.</param>
    /// <param name="x">x_t, (N, C, Y, X).</param>
    /// <param name="t">The time of all samples.</param>
    /// <param name="wanted">The prediction to convert to.</param>
    /// <returns>(N, C, Y, X).</returns>
    Tensor Convert(Tensor output, Tensor x, double t, Prediction wanted) =>
        ProcessMath.Convert(output, x, new(Alpha(t), Sigma(t)), Weights(Prediction, t), Weights(wanted, t));

    /// <summary>One prediction as another, with a time for each sample.</summary>
    /// <param name="output">The network's output; channels beyond those of <paramref name="x"/> are left out.</param>
    /// <param name="x">x_t, (N, C, Y, X).</param>
    /// <param name="t">Times, N of them.</param>
    /// <param name="wanted">The prediction to convert to.</param>
    /// <returns>(N, C, Y, X).</returns>
    Tensor Convert(Tensor output, Tensor x, ReadOnlySpan<double> t, Prediction wanted) => ProcessMath.Convert(
        output, x, t, time => new(Alpha(time), Sigma(time)), time => Weights(Prediction, time), time => Weights(wanted, time));

    /// <summary>
    /// The losses of a batch, by default the mean squared error of the prediction; gradients flow into whatever
    /// <paramref name="network"/>
    /// calls.
    /// </summary>
    /// <param name="network">The network, called once.</param>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="t">Times, N of them.</param>
    /// <param name="noise">Standard normal, (N, C, Y, X).</param>
    /// <returns>One number per sample.</returns>
    DiffusionLosses TrainingLosses(TrainedNetwork network, Tensor x0, ReadOnlySpan<double> t, Tensor noise)
    {
        using var scope = NewDisposeScope();
        var output = network(Noised(x0, t, noise), ProcessMath.ToTensor(t, x0.device));
        var error = Target(x0, t, noise) - GaussianMath.Compute(output.narrow(1, 0, x0.shape[1]));
        var mse = GaussianMath.MeanPerSample(error.square());
        return new(mse.MoveToOuterDisposeScope(), mse.alias().MoveToOuterDisposeScope(), null);
    }
}

/// <summary>A prediction as a mixture, <c>start x_0 + noise epsilon</c>.</summary>
/// <param name="Start">Weight of the data.</param>
/// <param name="Noise">Weight of the noise.</param>
public readonly record struct PredictionWeights(double Start, double Noise);
