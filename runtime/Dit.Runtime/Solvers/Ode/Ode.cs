using System.Collections.Immutable;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The way from noise to data as an ordinary differential equation: a state y that changes with a place u, and its
/// slope dy / du, which the network tells.
/// </summary>
/// <remarks>
/// Closed. A flow goes along its velocity over the time. Every other process goes along the noise that the network
/// predicts, with y = x / alpha over u = sigma / alpha, where the way is nearly straight (Karras et al., arXiv
/// 2206.00364, equation 1 and appendix B; DDIM, arXiv 2010.02502, equation 14).
/// </remarks>
/// <param name="Process">The process.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1].</param>
internal abstract record Ode(IProcess Process, bool ClipDenoised)
{
    private static readonly PredictionWeights Start = new(1, 0);

    /// <summary>The equation of a process.</summary>
    public static Ode Of(IProcess process, bool clipDenoised) =>
        process is Flow flow ? new OfVelocity(flow, clipDenoised) : new OfNoise(process, clipDenoised);

    /// <summary>The time next to the data at which a network of the process can be called.</summary>
    public static double FirstTime(IProcess process) => process is GaussianDiffusion gaussian ? gaussian.TimestepMap[0] : process.DataTime;

    /// <summary>The first and the last place at which the network can be called, from the noise on.</summary>
    public abstract (double From, double To) Span { get; }

    /// <summary>Whether the way ends at data at which no slope is known: the last step is Euler's.</summary>
    public abstract bool EndsWithoutSlope { get; }

    /// <summary>The place of a node.</summary>
    public abstract double PlaceOf(NoiseNode node);

    /// <summary>The node at a place.</summary>
    public abstract NoiseNode NodeAt(double place);

    /// <summary>The nodes that a spacing gave, moved to where slopes are known.</summary>
    public abstract ImmutableArray<NoiseNode> Inside(ImmutableArray<NoiseNode> nodes);

    /// <summary>y of a sample x.</summary>
    public abstract Tensor StateOf(Tensor x, NoiseNode node);

    /// <summary>The sample x of y.</summary>
    public abstract Tensor SampleOf(Tensor y, NoiseNode node);

    /// <summary>What the slope is.</summary>
    protected abstract Prediction SlopePrediction { get; }

    /// <summary>Calls the network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="y">The state, (N, C, Y, X).</param>
    /// <param name="node">Where it is.</param>
    public OdeSlope SlopeAt(Denoiser network, Tensor y, NoiseNode node)
    {
        using var scope = NewDisposeScope();
        var x = SampleOf(y, node);
        var output = network(x, node.Time);
        var state = new PredictionWeights(node.Alpha, node.Sigma);
        var (given, wanted) = (node.WeightsOf(Process, Process.Prediction), node.WeightsOf(Process, SlopePrediction));
        var start = ProcessMath.Convert(output, x, state, given, Start);
        var isClipped = ClipDenoised && node.Sigma > 0; // without noise the data does not tell the slope
        if (isClipped) start = start.clamp(Scalars.MinusOne, Scalars.One);
        var slope = isClipped
            ? ProcessMath.Convert(start, x, state, Start, wanted)
            : ProcessMath.Convert(output, x, state, given, wanted);
        return new(slope.MoveToOuterDisposeScope(), start.MoveToOuterDisposeScope());
    }

    /// <summary>The data that a slope implies, (N, C, Y, X).</summary>
    public Tensor StartOf(Tensor y, Tensor slope, NoiseNode node)
    {
        using var scope = NewDisposeScope();
        var start = ProcessMath.Convert(
            slope, SampleOf(y, node), new(node.Alpha, node.Sigma), node.WeightsOf(Process, SlopePrediction), Start);
        return start.MoveToOuterDisposeScope();
    }

    private sealed record OfVelocity(Flow Flow, bool ClipDenoised) : Ode(Flow, ClipDenoised)
    {
        public override (double From, double To) Span => FlowInterval.OfOde(Flow);

        // Predicted data tells the velocity by a division by what is left of the time.
        public override bool EndsWithoutSlope => Flow.Prediction == Prediction.StartX;

        protected override Prediction SlopePrediction => Prediction.Velocity;

        public override double PlaceOf(NoiseNode node) => node.Time;

        public override NoiseNode NodeAt(double place) => new(place, Flow.Alpha(place), Flow.Sigma(place));

        // Equal steps over the whole way become equal steps over the interval, as in SiT's published code.
        public override ImmutableArray<NoiseNode> Inside(ImmutableArray<NoiseNode> nodes)
        {
            var (from, to) = Span;
            return (from, to) == (0, 1) || EndsWithoutSlope ? nodes : [.. nodes.Select(node => NodeAt(from + (to - from) * node.Time))];
        }

        public override Tensor StateOf(Tensor x, NoiseNode node) => x.alias();

        public override Tensor SampleOf(Tensor y, NoiseNode node) => y.alias();
    }

    private sealed record OfNoise(IProcess Process, bool ClipDenoised) : Ode(Process, ClipDenoised)
    {
        private const int Halvings = 64; // until the times are neighbors in float64

        // Steps that adapt would spend themselves on noise that hides all data.
        public override (double From, double To) Span => (
            Math.Min(Process.NoiseLevel(Process.NoiseTime), Math.Exp(-Spacing.LogSnr.MinLambda)),
            Process.NoiseLevel(FirstTime(Process)));

        public override bool EndsWithoutSlope => true;

        protected override Prediction SlopePrediction => Prediction.Epsilon;

        public override double PlaceOf(NoiseNode node) => node.Sigma / node.Alpha;

        public override NoiseNode NodeAt(double place)
        {
            var time = TimeOf(place);
            var alpha = Process.Alpha(time);
            return new(time, alpha, place * alpha);
        }

        public override ImmutableArray<NoiseNode> Inside(ImmutableArray<NoiseNode> nodes) => nodes;

        public override Tensor StateOf(Tensor x, NoiseNode node)
        {
            using Scalar alpha = node.Alpha; // kept until the call is over, see Scalars
            return x / alpha;
        }

        public override Tensor SampleOf(Tensor y, NoiseNode node)
        {
            using Scalar alpha = node.Alpha;
            return y * alpha;
        }

        private double TimeOf(double noiseLevel)
        {
            var (clean, noisy) = (FirstTime(Process), Process.NoiseTime);
            if (noiseLevel <= Process.NoiseLevel(clean)) return clean;
            if (noiseLevel >= Process.NoiseLevel(noisy)) return noisy;
            for (var i = 0; i < Halvings; i++)
            {
                var middle = clean + (noisy - clean) / 2;
                if (Process.NoiseLevel(middle) < noiseLevel) clean = middle; else noisy = middle;
            }
            return noisy;
        }
    }
}

/// <summary>What the network tells at a state.</summary>
/// <param name="Slope">dy / du, (N, C, Y, X).</param>
/// <param name="Start">The predicted data, (N, C, Y, X).</param>
internal readonly record struct OdeSlope(Tensor Slope, Tensor Start);
