using System.Collections.Immutable;

namespace Dit.Runtime;

// The cases of the sum.
public abstract partial record Spacing
{
    private const double SmallestShare = 1e-3; // of a flow's time, before its data: where its smallest sigma is

    /// <summary>These nodes, whatever the process.</summary>
    internal static Spacing Given(IEnumerable<NoiseNode> nodes) => new OfNodes([.. nodes]);

    private sealed record OfNodes(ImmutableArray<NoiseNode> All) : Spacing
    {
        private protected override IEnumerable<NoiseNode> Way(IProcess process, int steps) => All.Length == steps + 1
            ? All
            : throw new DitException($"{steps} steps were asked for, but the spacing has {All.Length - 1}.");
    }

    private sealed record InTime : Spacing
    {
        public override string ToString() => "time";

        private protected override IEnumerable<NoiseNode> Way(IProcess process, int steps)
        {
            var end = EndsAtData ? 0 : SmallestTime(process);
            return Even(NoisyShare(process), end, steps + 1).Select(left => At(process, left, Shift));
        }
    }

    private sealed record InLogSnr : Spacing
    {
        public override string ToString() => "logsnr";

        private protected override IEnumerable<NoiseNode> Way(IProcess process, int steps)
        {
            // Where alpha is 0, at the noise of a flow, the ratio is 0 and its logarithm infinite.
            var share = NoisyShare(process);
            var noise = At(process, share, Shift).Alpha > 0 ? share : 1 - SmallestShare;
            var (from, to) = (At(process, noise, Shift), At(process, SmallestTime(process), Shift));
            var inside = Even(from.Lambda, to.Lambda, EndsAtData ? steps : steps + 1).Select((lambda, i) =>
                i == 0 ? from
                : lambda == to.Lambda ? to
                : NodeAt(process, time => -Timestep(process, time).Lambda, -lambda));
            return EndsAtData ? [.. inside, Data(process)] : inside;
        }
    }

    /// <summary>Noise levels on a ramp between those of the noise and of the smallest sigma. The level of a Gaussian
    /// diffusion is sigma / alpha, that of a flow sigma.</summary>
    private sealed record BetweenLevels(Ramp Ramp, Func<double, double> Whole) : Spacing
    {
        public override string ToString() => Ramp.Name;

        private protected override IEnumerable<NoiseNode> Way(IProcess process, int steps)
        {
            var levels = Levels.Of(process);
            var largest = levels.Of(At(process, NoisyShare(process), Shift));
            // A flow's smallest sigma is shifted as often as in diffusers, where the schedule and its use both do it.
            var smallest = levels.Of(At(process, Shifted(SmallestTime(process), Shift), Shift));
            if (!double.IsFinite(largest))
                throw new DitException($"The spacing {this} needs some signal at the last timestep, but alpha is 0 there: use trailing.");
            NoiseNode[] inside =
            [
                .. Ramp.Between(largest, smallest, steps).Select(level => levels.Node(level, VisitsSmallest ? static time => time : Whole)),
            ];
            return [.. inside, EndsAtData ? Data(process) : inside[^1]];
        }
    }

    private sealed record EvenTimesteps : Spacing
    {
        public override string ToString() => "linspace";

        internal override int MostSteps(IProcess process) =>
            process is GaussianDiffusion ? WholeTimesteps(process) - (VisitsSmallest ? 0 : 1) : int.MaxValue;

        private protected override IEnumerable<NoiseNode> Way(IProcess process, int steps)
        {
            if (process is not GaussianDiffusion) return OnFlow(process, steps);
            RequireSteps(process, steps);
            var last = WholeTimesteps(process) - 1;
            return VisitsSmallest
                ? WithEnd(process, [.. Even(last, 0, steps).Select(t => Between(process, t))])
                : WithEnd(process, [.. Even(last, 0, steps + 1).Take(steps).Select(t => Timestep(process, Math.Round(t)))]);
        }

        // As FlowMatchEuler of diffusers, whose smallest sigma is shifted twice, or its UniPC.
        private IEnumerable<NoiseNode> OnFlow(IProcess process, int steps)
        {
            var smallest = SmallestTime(process);
            var first = NoisyShare(process);
            var left = VisitsSmallest
                ? Even(first, Shifted(smallest, Shift), steps)
                : Even(first, smallest, steps + 1).Take(steps);
            return WithEnd(process, [.. left.Select(share => At(process, share, Shift))]);
        }
    }

    private sealed record LeadingTimesteps : Spacing
    {
        private readonly int offset;

        public LeadingTimesteps(int offset) => this.offset = offset >= 0
            ? offset
            : throw new DitException($"An offset of {offset} was given: it must be 0 or more.");

        public override string ToString() => "leading";

        internal override int MostSteps(IProcess process) => WholeTimesteps(process) - (VisitsSmallest ? 0 : 1);

        private protected override IEnumerable<NoiseNode> Way(IProcess process, int steps)
        {
            RequireSteps(process, steps);
            var cut = VisitsSmallest ? steps : steps + 1;
            var stride = WholeTimesteps(process) / cut;
            if ((cut - 1) * stride + offset > WholeTimesteps(process) - 1)
                throw new DitException(
                    $"{steps} steps with an offset of {offset} would begin at timestep {(cut - 1) * stride + offset}, but the process ends "
                        + $"at {WholeTimesteps(process) - 1}.");
            return WithEnd(
                process,
                [.. Enumerable.Range(0, steps).Select(i => Timestep(process, (cut - 1 - i) * stride + offset))]);
        }
    }

    private sealed record TrailingTimesteps : Spacing
    {
        public override string ToString() => "trailing";

        internal override int MostSteps(IProcess process) => WholeTimesteps(process);

        private protected override IEnumerable<NoiseNode> Way(IProcess process, int steps)
        {
            RequireSteps(process, steps);
            var count = WholeTimesteps(process);
            return WithEnd(
                process,
                [.. Enumerable.Range(0, steps).Select(i => Timestep(process, Math.Round(count - i * ((double)count / steps)) - 1))]);
        }
    }
}
