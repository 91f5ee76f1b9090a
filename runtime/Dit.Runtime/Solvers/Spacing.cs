using System.Collections.Immutable;

namespace Dit.Runtime;

/// <summary>Where the steps of a solver lie: the nodes that it visits on the way from noise to data. Pure.</summary>
public abstract record Spacing
{
    private Spacing() { }

    /// <summary>Uniform in time, from the noise to the data.</summary>
    public static Spacing Time { get; } = new InTime();

    /// <summary>Timesteps spaced evenly from the last one to the first, and the data.</summary>
    public static Spacing Linspace { get; } = new EvenTimesteps();

    /// <summary><see cref="Time"/> with a <see cref="Shift"/>.</summary>
    /// <param name="shift">Above 0.</param>
    public static Spacing Shifted(double shift) => Time with { Shift = shift };

    /// <summary>For flows, s: with u the share of time that is left to the data, u becomes <c>s u / (1 + (s - 1) u)</c>.
    /// LightningDiT's timestep shift is 1 / s.</summary>
    public double Shift { get; init; } = 1;

    internal bool VisitsSmallest { get; init; }

    /// <summary>The nodes, from the noise to the end.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    /// <param name="steps">Steps, at least 1.</param>
    /// <returns>steps + 1 nodes.</returns>
    public abstract ImmutableArray<NoiseNode> Nodes(IProcess process, int steps);

    private static NoiseNode At(IProcess process, double t) => new(t, process.Alpha(t), process.Sigma(t));

    private sealed record InTime : Spacing
    {
        public override ImmutableArray<NoiseNode> Nodes(IProcess process, int steps) =>
            [.. Enumerable.Range(0, steps + 1).Select(i => At(process, TimeOf(process, Shifted(1 - (double)i / steps, Shift))))];

        private static double TimeOf(IProcess process, double left) =>
            process.DataTime + left * (process.NoiseTime - process.DataTime);

        private static double Shifted(double left, double shift) => shift * left / (1 + (shift - 1) * left);
    }

    private sealed record EvenTimesteps : Spacing
    {
        public override ImmutableArray<NoiseNode> Nodes(IProcess process, int steps) =>
        [
            .. Enumerable.Range(0, steps).Select(i => At(process, process.NoiseTime * (1 - (double)i / Math.Max(1, steps - 1)))),
            new(process.DataTime, 1, 0),
        ];
    }
}
