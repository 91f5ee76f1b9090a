using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How the times of a flow are drawn in training, before the shift and the interval.</summary>
/// <remarks>Closed: <see cref="Uniform"/> and <see cref="LogitNormal"/>. Pure.</remarks>
public abstract record TrainingTimes
{
    private TrainingTimes() { }

    /// <summary>Uniform from 0 to 1, as SiT trains (arXiv 2401.08740).</summary>
    public static TrainingTimes Uniform { get; } = new UniformTimes();

    /// <summary>Times between 0 and 1, N of them.</summary>
    /// <param name="n">N.</param>
    /// <param name="random">The random numbers, of the CPU.</param>
    public abstract double[] Draw(int n, Generator random);

    private sealed record UniformTimes : TrainingTimes
    {
        public override double[] Draw(int n, Generator random)
        {
            using var drawn = rand([n], dtype: ScalarType.Float64, generator: random);
            return [.. drawn.data<double>()];
        }

        public override string ToString() => "uniform";
    }

    /// <summary>
    /// The logistic function of a normal number (Esser et al., arXiv 2403.03206, section 3.1): times in the middle of
    /// the way are drawn more often. The time is a flow's, so a mean above 0 moves the times towards the data.
    /// </summary>
    public sealed record LogitNormal : TrainingTimes
    {
        /// <summary>A logit-normal distribution.</summary>
        /// <param name="mean">Mean of the normal number.</param>
        /// <param name="deviation">Its standard deviation, above 0.</param>
        /// <exception cref="DitException">The mean is not finite, or the deviation is not above 0.</exception>
        public LogitNormal(double mean = 0, double deviation = 1)
        {
            if (!double.IsFinite(mean) || !double.IsFinite(deviation) || deviation <= 0)
                throw new DitException(FormattableString.Invariant(
                    $"Logit-normal times of mean {mean} and deviation {deviation} were asked for: the mean must be finite and the deviation above 0."));
            (Mean, Deviation) = (mean, deviation);
        }

        /// <summary>Mean of the normal number.</summary>
        public double Mean { get; }

        /// <summary>Standard deviation of the normal number.</summary>
        public double Deviation { get; }

        /// <summary>The time that a standard normal number stands for.</summary>
        /// <param name="normal">The number.</param>
        /// <returns>A time between 0 and 1.</returns>
        public double TimeOf(double normal) => 1 / (1 + Math.Exp(-(Mean + Deviation * normal)));

        /// <inheritdoc/>
        public override double[] Draw(int n, Generator random)
        {
            using var drawn = randn([n], dtype: ScalarType.Float64, generator: random);
            return [.. drawn.data<double>().Select(TimeOf)];
        }

        /// <inheritdoc/>
        public override string ToString() => FormattableString.Invariant($"logit-normal({Mean}, {Deviation})");
    }
}
