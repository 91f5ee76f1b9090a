using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The linear flow of SiT (arXiv 2401.08740): x_t = (1 - t) x_0 + t noise, from data at 0 to noise at 1;
/// networks predict the velocity.</summary>
internal sealed class ToyFlow : IProcess
{
    public Prediction Prediction => Prediction.Velocity;

    public double NoiseTime => 1;

    public double DataTime => 0;

    public double Alpha(double t) => 1 - t;

    public double Sigma(double t) => t;

    public PredictionWeights Weights(Prediction prediction, double t) => prediction switch
    {
        Prediction.Velocity => new(-1, 1), // the derivatives of alpha and sigma
        Prediction.StartX => new(1, 0),
        Prediction.Epsilon => new(0, 1),
        _ => new(0, -1 / t),
    };

    public double[] DrawTimes(int n, Generator random)
    {
        using var drawn = rand([n], dtype: ScalarType.Float64, generator: random);
        return [.. drawn.data<double>()];
    }
}

/// <summary>Euler's method on a flow's velocity, in equal steps of time.</summary>
internal sealed record Euler(int Steps) : FixedStepSolver<ToyFlow>(Steps)
{
    public override string Method => "euler";

    public override IReadOnlyList<double> Times(ToyFlow process) => [.. Enumerable.Range(1, Steps).Select(i => (double)i / Steps)];

    public override Tensor Run(ToyFlow process, Denoiser network, SolverRun run) => run.Follow(Steps, state =>
    {
        var t = 1 - (double)state.Step / Steps;
        var velocity = network(state.X, t);
        return new(state.X - velocity / Steps, ((IProcess)process).Convert(velocity, state.X, t, Prediction.StartX), t);
    });
}

/// <summary>
/// DPM-Solver++(2M) (arXiv 2211.01095, algorithm 2): two steps with a history of one prediction, on any process, since
/// it needs only alpha and
/// sigma. Times lie closer together near the data; none of them is announced.
/// </summary>
/// <param name="Steps">Steps from noise to data.</param>
/// <param name="Order">1 forgets the history, which is DDIM.</param>
internal sealed record TwoStep<TProcess>(int Steps, int Order = 2) : FixedStepSolver<TProcess>(Steps)
    where TProcess : IProcess
{
    public override string Method => "2m";

    public double[] Grid(TProcess process) =>
        [
            .. Enumerable
                .Range(0, Steps + 1)
                .Select(i => process.DataTime + (process.NoiseTime - process.DataTime) * Math.Pow(1 - (double)i / Steps, 1.5)),
        ];

    public override Tensor Run(TProcess process, Denoiser network, SolverRun run)
    {
        var times = Grid(process);
        return run.Follow(Steps, state =>
        {
            var (t, next) = (times[state.Step], times[state.Step + 1]);
            var start = process.Convert(network(state.X, t), state.X, t, Prediction.StartX);
            var mixed = start;
            // The first prediction has none before it, and the last step ends where lambda is infinite.
            if (
                Order == 2
                && state.History is [var before]
                && process.Sigma(next) > 0
                && double.IsFinite(Lambda(process, times[state.Step - 1])))
            {
                var ratio = (Lambda(process, t) - Lambda(process, times[state.Step - 1])) / (Lambda(process, next) - Lambda(process, t));
                mixed = start + (start - before) / (2 * ratio);
            }
            var shrink = process.Sigma(next) / process.Sigma(t);
            var sample = state.X * shrink + mixed * (process.Alpha(next) - shrink * process.Alpha(t));
            return new(sample, start, t) { History = [start] };
        });
    }

    private static double Lambda(TProcess process, double t) => Math.Log(process.Alpha(t) / process.Sigma(t));
}

/// <summary>Euler's method with steps as long as an error allows: the number of its evaluations is not known before a
/// run.</summary>
internal sealed record AdaptiveEuler(double Tolerance) : Solver<ToyFlow>
{
    public override string Method => "adaptive";

    public override int? EvaluationsFor(ToyFlow process) => null;

    public override Tensor Run(ToyFlow process, Denoiser network, SolverRun run)
    {
        var (t, h) = (1.0, 0.1);
        return run.Follow(steps: null, state =>
        {
            if (t <= 0) return null;
            var (velocity, at) = (network(state.X, t), t);
            for (; ; h /= 2)
            {
                h = Math.Min(h, t);
                var sample = state.X - velocity * h;
                var error = ((network(sample, t - h) - velocity) * (h / 2)).abs().max().to(ScalarType.Float64).item<double>();
                if (error > Tolerance && h > 1e-4) continue;
                t = t - h < 1e-9 ? 0 : t - h;
                h *= 1.5;
                return new(sample, ((IProcess)process).Convert(velocity, state.X, at, Prediction.StartX), at);
            }
        });
    }
}
