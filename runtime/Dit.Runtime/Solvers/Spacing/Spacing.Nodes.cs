namespace Dit.Runtime;

// How a place in time becomes a node.
public abstract partial record Spacing
{
    private protected void RequireSteps(IProcess process, int steps)
    {
        if (steps > MostSteps(process))
            throw new DitException(
                $"{steps} steps were asked for: with the spacing {this} the process, which has {WholeTimesteps(process)} timesteps, allows "
                    + $"{MostSteps(process)} at most.");
    }

    /// <summary>Timesteps of the process, from 0.</summary>
    private protected int WholeTimesteps(IProcess process) => process is GaussianDiffusion
        ? (int)At(process, NoisyShare(process), 1).Time + 1
        : throw new DitException($"The spacing {this} picks whole timesteps, and a flow has none: use time, with a shift if need be.");

    /// <summary>Numbers evenly spaced between two, both of them among the result.</summary>
    private static IEnumerable<double> Even(double from, double to, int count) =>
        Enumerable.Range(0, count).Select(i => i == 0 ? from : i == count - 1 ? to : from + i * ((to - from) / (count - 1)));

    /// <summary>The share of time left to the data at the smallest sigma.</summary>
    private static double SmallestTime(IProcess process) =>
        process is GaussianDiffusion { TimestepMap: [var first, ..] } ? Left(process, first) : SmallestShare;

    /// <summary>The share of time left to the data at the first node, before the shift.</summary>
    private double NoisyShare(IProcess process)
    {
        if (At(process, 1, 1).Lambda >= MinLambda) return 1;
        var first = NodeAt(process, time => -Timestep(process, time).Lambda, -MinLambda);
        return Shifted(Left(process, first.Time), 1 / Shift);
    }

    private static double Left(IProcess process, double time) => (time - process.DataTime) / (process.NoiseTime - process.DataTime);

    private static double Shifted(double left, double shift) => shift * left / (1 + (shift - 1) * left);

    /// <summary>The node where a share of time is left to the data, 1 being the noise, before the shift.</summary>
    private static NoiseNode At(IProcess process, double left, double shift)
    {
        if (left == 0) return Data(process);
        var shifted = shift == 1 ? left : Shifted(left, shift);
        var time = shifted == 1 ? process.NoiseTime : process.DataTime + shifted * (process.NoiseTime - process.DataTime);
        return Timestep(process, process is GaussianDiffusion ? Snapped(time) : time);
    }

    /// <summary>The whole timestep that a time misses by rounding, or the time.</summary>
    private static double Snapped(double time) => Math.Abs(time - Math.Round(time)) < 1e-9 ? Math.Round(time) : time;

    private static NoiseNode Timestep(IProcess process, double time) => new(time, process.Alpha(time), process.Sigma(time));

    private static NoiseNode Data(IProcess process) => new(process.DataTime, 1, 0);

    /// <summary>The node between two timesteps, where sigma / alpha is interpolated linearly.</summary>
    private static NoiseNode Between(IProcess process, double time)
    {
        if (time == Math.Floor(time)) return Timestep(process, time);
        var (below, share) = (Math.Floor(time), time - Math.Floor(time));
        return OfRatio(time, (1 - share) * process.NoiseLevel(below) + share * process.NoiseLevel(below + 1));
    }

    /// <summary>The node with a ratio of sigma to alpha, where the sum of their squares is 1.</summary>
    private static NoiseNode OfRatio(double time, double ratio)
    {
        var alpha = 1 / Math.Sqrt(1 + ratio * ratio);
        return new(time, alpha, ratio * alpha);
    }

    private NoiseNode[] WithEnd(IProcess process, NoiseNode[] nodes) =>
        [.. nodes, EndsAtData ? Data(process) : At(process, SmallestTime(process), Shift)];

    /// <summary>The node where a function that grows towards the noise has a value, found by bisection.</summary>
    private static NoiseNode NodeAt(IProcess process, Func<double, double> growing, double value)
    {
        var (data, noise) = (process.DataTime, process.NoiseTime);
        while (true)
        {
            var middle = (data + noise) / 2;
            if (middle == data || middle == noise) return Timestep(process, noise);
            if (growing(middle) < value) data = middle;
            else noise = middle;
        }
    }

    /// <summary>How much noise a node has, in the number that ramps are made in.</summary>
    private abstract record Levels
    {
        public static Levels Of(IProcess process) => process is GaussianDiffusion ? new Ratios(process) : new Sigmas(process);

        public abstract double Of(NoiseNode node);

        public abstract NoiseNode Node(double level, Func<double, double> whole);

        private sealed record Sigmas(IProcess Process) : Levels
        {
            public override double Of(NoiseNode node) => node.Sigma;

            public override NoiseNode Node(double level, Func<double, double> whole) => NodeAt(Process, Process.Sigma, level);
        }

        /// <summary>sigma / alpha; its logarithm is interpolated linearly between whole timesteps.</summary>
        private sealed record Ratios(IProcess Process) : Levels
        {
            public override double Of(NoiseNode node) => node.Sigma / node.Alpha;

            public override NoiseNode Node(double level, Func<double, double> whole)
            {
                var time = TimeOf(level);
                return OfRatio(whole(time), level);
            }

            private double TimeOf(double level)
            {
                var (below, above) = (0.0, Process.NoiseTime);
                while (above - below > 1)
                {
                    var middle = Math.Floor((below + above) / 2);
                    if (Process.NoiseLevel(middle) <= level) below = middle;
                    else above = middle;
                }
                var (low, high) = (Math.Log(Process.NoiseLevel(below)), Math.Log(Process.NoiseLevel(above)));
                return Snapped(below + Math.Clamp((Math.Log(level) - low) / (high - low), 0, 1) * (above - below));
            }
        }
    }
}
