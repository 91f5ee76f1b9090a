using static TorchSharp.torch;

namespace Dit.Runtime;

// Which times a flow is trained at, and what training minimizes.
public sealed partial class Flow
{
    private const double CosineEps = 1e-8;

    /// <summary>
    /// The times of training, as SiT's published code has them: all of them where the network predicts the velocity;
    /// where the prediction has no meaning at an end, that end is left out by 1e-3, and by 1e-5 at the data of
    /// <see cref="FlowPath.Vp"/>, whose velocity is infinite there.
    /// </summary>
    public (double First, double Last) TrainingInterval =>
        Path == FlowPath.Vp ? (0, 1 - 1e-5)
        : Prediction == Prediction.Velocity ? (0, 1)
        : (1e-3, 1 - 1e-3);

    /// <inheritdoc/>
    /// <remarks>
    /// Reals in <see cref="TrainingInterval"/>, drawn and shifted as <see cref="FlowTraining"/> says.
    /// </remarks>
    public double[] DrawTimes(int n, Generator random) => Array.ConvertAll(Training.Times.Draw(n, random), TrainingTime);

    /// <summary>A drawn time, shifted and moved into <see cref="TrainingInterval"/>.</summary>
    /// <param name="drawn">From 0 to 1.</param>
    internal double TrainingTime(double drawn)
    {
        var shifted = drawn / (drawn + Training.Shift * (1 - drawn));
        var (first, last) = TrainingInterval;
        return first + (last - first) * shifted;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The squared error in the prediction that <see cref="FlowTraining.Loss"/> names, weighted by
    /// <see cref="FlowTraining.Weight"/> (SiT, arXiv 2401.08740, equations 5 and 8, as its published code has them),
    /// and the cosine term where it is asked for.
    /// </remarks>
    /// <exception cref="DitException">The output has neither the channels of the data nor twice as many.</exception>
    public DiffusionLosses TrainingLosses(TrainedNetwork network, Tensor x0, ReadOnlySpan<double> t, Tensor noise)
    {
        using var scope = NewDisposeScope();
        IProcess process = this;
        var xt = process.Noised(x0, t, noise);
        var output = network(xt, ProcessMath.ToTensor(t, x0.device));
        RequireOutput(output, xt);
        var error = process.Target(x0, t, noise) - GaussianMath.Compute(output.narrow(1, 0, x0.shape[1]));
        var squared = GaussianMath.MeanPerSample(error.square());
        var mse = Coefficient.Of(At(t, time => WeightAt(time) * Square(ErrorScale(time))), squared) * squared;
        if (!Training.CosineLoss) return new(mse.MoveToOuterDisposeScope(), mse.alias().MoveToOuterDisposeScope(), null);
        var wanted = ProcessMath.Mix(x0, noise, t, time => Weights(LossSpace, time));
        var predicted = wanted - Coefficient.Of(At(t, ErrorScale), error) * error;
        var cosine = GaussianMath.MeanPerSample(1 - nn.functional.cosine_similarity(predicted, wanted, dim: 1, eps: CosineEps)); // (N,)
        var total = mse + cosine;
        return new(total.MoveToOuterDisposeScope(), mse.MoveToOuterDisposeScope(), null, cosine.MoveToOuterDisposeScope());
    }

    // The error of a score is measured times sigma, which makes it that of the noise.
    private Prediction LossSpace =>
        (Training.Loss ?? Prediction) is not Prediction.Score and var space ? space : Prediction.Epsilon;

    // Predictions are linear in the output at a given x_t, so an error in one is an error in the other times a number.
    private double ErrorScale(double t) => ProcessMath.OutputFactor(new(Alpha(t), Sigma(t)), Weights(Prediction, t), Weights(LossSpace, t));

    private double WeightAt(double t) => Training.Weight switch
    {
        FlowWeight.Velocity => Square(Path.DiffusionRate(t) / Sigma(t)),
        FlowWeight.Likelihood => Path.DiffusionRate(t) / Square(Sigma(t)),
        _ => 1,
    };

    private static double Square(double x) => x * x;

    private static double[] At(ReadOnlySpan<double> t, Func<double, double> number)
    {
        var numbers = new double[t.Length];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = number(t[i]);
        return numbers;
    }

    private void RequireLegal()
    {
        if (!(Training.Shift is > 0 and < double.PositiveInfinity))
            throw new DitException(FormattableString.Invariant(
                $"A shift of {Training.Shift} was given: the times of a flow are shifted by a number above 0, and 1 leaves them alone."));
        if (Training.Weight != FlowWeight.Uniform && LossSpace != Prediction.Epsilon)
            throw new DitException(
                $"The weight '{Training.Weight}' was given for a loss of '{LossSpace}': "
                    + "only a loss of the noise or of the score is weighted; leave the weight uniform.");
    }

    private static void RequireOutput(Tensor output, Tensor x)
    {
        var (given, wanted) = (output.shape, x.shape);
        if (given.Length == wanted.Length && (given[1] == wanted[1] || given[1] == 2 * wanted[1]))
        {
            wanted[1] = given[1];
            if (given.AsSpan().SequenceEqual(wanted)) return;
        }
        throw new DitException(
            $"The model's output has shape ({string.Join(", ", given)}) for an input of shape ({string.Join(", ", x.shape)}): "
                + "a flow takes the same shape, or twice the channels.");
    }
}
