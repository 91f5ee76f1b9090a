using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Euler and Heun beside diffusers: on a diffusion its state is x / alpha, on a flow it is ours.</summary>
public sealed class GoldenEulerTests : IDisposable
{
    private static readonly Flow Flow = new(FlowPath.Linear);

    private readonly IDisposable scope = NewDisposeScope();

    private const string Churn = "churn.10";

    public static TheoryData<string, string> OfDiffusion => DiffusersCase.Theory("euler", "heun");

    public static TheoryData<string, string> OfFlow => DiffusersCase.Theory("flow-match-euler");

    public void Dispose() => scope.Dispose();

    [Fact]
    public void No_recorded_case_is_left_out()
    {
        string[] recorded =
        [
            .. Directory.GetFiles(GoldenFile.Path("solvers"), "*.safetensors").Select(Path.GetFileNameWithoutExtension)
                .SelectMany(static file => DiffusersCase.NamesOf(file ?? "").Select(name => $"{file} {name}")),
        ];
        string[] compared =
        [
            .. new[] { GoldenMultistepTests.Cases, GoldenAncestralTests.Cases, OfDiffusion, OfFlow }
                .SelectMany(static cases => cases.Select(static row => $"{row[0]} {row[1]}")),
        ];
        Assert.Equal(316, recorded.Length);
        Assert.Empty(recorded.Except(compared));
    }

    [Theory, MemberData(nameof(OfDiffusion))]
    public void Timesteps_sigmas_and_states_are_those_of_diffusers(string scheduler, string name)
    {
        using var golden = new DiffusersCase(scheduler, name);
        var (process, isHeun, steps) = (golden.Gaussian(), scheduler == "heun", golden.Steps);
        NodeSolver<GaussianDiffusion> solver =
            name == Churn ? EdmOf(golden)
            : isHeun ? new Heun<GaussianDiffusion>(steps, SpacingOf(golden))
            : new Euler<GaussianDiffusion>(steps, SpacingOf(golden));
        var nodes = solver.Nodes(process);
        // Heun names a node at the end of a step and again at the start of the next; its last step is Euler's.
        int NodeOf(int entry) => isHeun ? (entry + 1) / 2 : entry;
        GoldenNodes.Timesteps(golden.Times, [.. golden.Times.Select((_, call) => nodes[NodeOf(call)]), nodes[^1]]);
        GoldenNodes.Sigmas(
            golden.Sigmas,
            golden.Sigmas.Take(isHeun ? 2 * steps : steps + 1).Select((_, at) => nodes[NodeOf(at)].Sigma / nodes[NodeOf(at)].Alpha));

        var network =
            name == Churn ? BeforeNoise(golden, nodes)
            : golden.Flag("clip_sample")
                ? GoldenNodes.Limited(golden.Network(), call => nodes[NodeOf(call)], start => Clipped(golden, start))
            : golden.Network();
        GoldenNodes.States(
            golden,
            process,
            solver,
            network,
            (state, done) => state / nodes[done].Alpha,
            golden.Start * (golden.InitialSigma * nodes[0].Alpha),
            done => isHeun ? Math.Min(2 * done, 2 * steps - 1) : done);
    }

    private static Edm EdmOf(DiffusersCase golden)
    {
        double Setting(string key) => golden.Find("step", key)?.GetDouble() ?? double.NaN;
        return new(golden.Steps, Setting("s_churn"), Setting("s_tmin"), Setting("s_tmax"), Setting("s_noise"), SpacingOf(golden))
        {
            Tableau = ButcherTableau.Euler,
        };
    }

    // Karras et al. (arXiv 2206.00364, algorithm 2) call the network after they add the noise, diffusers before: what
    // it is asked about is the state without the noise.
    private static Denoiser BeforeNoise(DiffusersCase golden, ImmutableArray<NoiseNode> nodes)
    {
        var (solver, network, noise, call) = (EdmOf(golden), golden.Network(), new Queue<Tensor>(golden.StepNoise), 0);
        return (x, t) =>
        {
            var node = nodes[call++];
            var level = node.Sigma / node.Alpha;
            if (level < solver.ChurnMin || level > solver.ChurnMax) return network(x, t);
            var raised = level * (1 + solver.Churn / solver.Steps);
            var added = noise.Dequeue() * (Math.Sqrt(raised * raised - level * level) * solver.ChurnNoise);
            return network((x * Math.Sqrt(1 + raised * raised) - added) * node.Alpha, t);
        };
    }

    private static Tensor Clipped(DiffusersCase golden, Tensor start)
    {
        var range = golden.Number("clip_sample_range", 1);
        return start.clamp(-range, range);
    }

    [Theory, MemberData(nameof(OfFlow))]
    public void Timesteps_sigmas_and_states_of_flows_are_those_of_diffusers(string scheduler, string name)
    {
        using var golden = new DiffusersCase(scheduler, name);
        var spacing = FlowSpacingOf(golden) with { VisitsSmallest = true };
        NodeSolver<Flow> solver =
            golden.Flag("stochastic_sampling") ? new Consistency<Flow>(golden.Steps, spacing) : new Euler<Flow>(golden.Steps, spacing);
        var nodes = solver.Nodes(Flow);
        Assert.All(golden.Times.Zip(nodes), static pair => Assert.Equal(pair.First, 1000 * (1 - pair.Second.Time), 1e-3));
        GoldenNodes.Sigmas(golden.Sigmas, nodes.Select(static node => node.Sigma));
        GoldenNodes.States(golden, Flow, solver, golden.Network(), static (state, _) => state);
    }

    private static Spacing SpacingOf(DiffusersCase golden)
    {
        var process = golden.Gaussian();
        if (golden.Text("interpolation_type") == "log_linear")
        {
            // One sigma more than timesteps, so that the last step does not reach the data.
            var levels = Ramp.Exponential.Between(process.NoiseLevel(999), process.NoiseLevel(0), golden.Steps + 1);
            return Spacing.Given(levels.Select((level, i) => Node(999 - i * 999.0 / (golden.Steps - 1), level)));
        }
        if (golden.Text("timestep_type") == "continuous")
        {
            var levels = Ramp.Karras.Between(golden.Number("sigma_max", 0), golden.Number("sigma_min", 0), golden.Steps);
            return Spacing.Given([.. levels.Select(static level => Node(Math.Log(level) / 4, level)), new(0, 1, 0)]);
        }
        return GoldenNodes.SpacingOf(golden) with { EndsAtData = golden.Text("final_sigmas_type") != "sigma_min" };

        static NoiseNode Node(double time, double level)
        {
            var alpha = 1 / Math.Sqrt(1 + level * level);
            return new(time, alpha, level * alpha);
        }
    }

    private static Spacing FlowSpacingOf(DiffusersCase golden)
    {
        var (steps, shift) = (golden.Steps, golden.Number("shift", 1));
        var isGiven = golden.Find("set_timesteps", "sigmas") is not null;
        if (golden.Find("set_timesteps", "mu")?.GetDouble() is { } mu)
        {
            var factor = golden.Text("time_shift_type") == "linear" ? mu : Math.Exp(mu);
            return isGiven ? Spacing.Shifted(factor) : Given(Even().Select(sigma => factor * sigma / (1 + (factor - 1) * sigma)), 0);
        }
        if (golden.Flag("invert_sigmas")) return Given(Even().Select(static sigma => 1 - sigma), 1);
        if (golden.Find("config", "shift_terminal")?.GetDouble() is { } last)
        {
            double[] shifted =
            [
                .. (Spacing.Linspace with { Shift = shift, VisitsSmallest = true }).Nodes(Flow, steps)[..^1].Select(static at => at.Sigma),
            ];
            return Given(shifted.Select(sigma => 1 - (1 - sigma) * (1 - last) / (1 - shifted[^1])), 0);
        }
        return (isGiven ? Spacing.Time : GoldenNodes.SpacingOf(golden)) with { Shift = shift };

        IEnumerable<double> Even() => Enumerable.Range(0, steps).Select(i => 1 + i * (0.001 - 1) / (steps - 1));

        static Spacing Given(IEnumerable<double> sigmas, double end) =>
            Spacing.Given(((double[])[.. sigmas, end]).Select(static sigma => new NoiseNode(1 - sigma, 1 - sigma, sigma)));
    }
}
