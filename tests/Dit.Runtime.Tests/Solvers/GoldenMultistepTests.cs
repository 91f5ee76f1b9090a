using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The multistep solvers beside diffusers' schedulers: timesteps, sigmas and every state.</summary>
public sealed class GoldenMultistepTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public static TheoryData<string, string> Cases =>
        DiffusersCase.Theory("unipc", "dpmsolver-multistep", "deis");

    public void Dispose() => scope.Dispose();

    [Theory, MemberData(nameof(Cases))]
    public void Timesteps_sigmas_and_states_are_those_of_diffusers(string scheduler, string name)
    {
        using var golden = new DiffusersCase(scheduler, name);
        if (golden.IsFlow) Compare(golden, new Flow(FlowPath.Linear), SolverOf<Flow>(scheduler, golden));
        else Compare(golden, golden.Gaussian(), SolverOf<GaussianDiffusion>(scheduler, golden));
    }

    private static void Compare<TProcess>(DiffusersCase golden, TProcess process, NodeSolver<TProcess> solver)
        where TProcess : IProcess
    {
        var nodes = solver.Nodes(process);
        // Flow timesteps are cut to whole ones.
        Assert.Equal(golden.Times, nodes[..^1].Select(node => golden.IsFlow ? Math.Floor(node.Sigma * 1000 + 1e-6) : node.Time));
        GoldenNodes.Sigmas(golden.Sigmas, nodes.Select(node => golden.IsFlow ? node.Sigma : node.Sigma / node.Alpha));

        var network = golden.Flag("thresholding")
            ? GoldenNodes.Limited(golden.Network(), call => nodes[call], start => Threshold(golden, start))
            : golden.Network();
        GoldenNodes.States(golden, process, solver, network, static (state, _) => state);
    }

    // The dynamic threshold of Imagen, arXiv 2205.11487, section 2.3, which the library does not have.
    private static Tensor Threshold(DiffusersCase golden, Tensor start)
    {
        var ratio = tensor((float)golden.Number("dynamic_thresholding_ratio", 1));
        var limit = start.flatten(1).abs().quantile(ratio, 1).clamp(1, golden.Number("sample_max_value", 1)).view(-1, 1, 1, 1);
        return start.minimum(limit).maximum(-limit) / limit;
    }

    private static NodeSolver<TProcess> SolverOf<TProcess>(string scheduler, DiffusersCase golden)
        where TProcess : IProcess
    {
        var (steps, order) = (golden.Steps, (int)golden.Number("solver_order", 2));
        var lowers = golden.Flag("lower_order_final", true);
        var spacing = SpacingOf(scheduler, golden);
        if (scheduler == "deis") return new Deis<TProcess>(steps, order, spacing) { LowersOrderAtEnd = lowers };
        if (scheduler == "unipc")
            return new UniPc<TProcess>(steps, order, golden.Text("solver_type") == "bh1" ? UniPcVariant.Bh1 : UniPcVariant.Bh2, spacing)
            {
                LowersOrderAtEnd = lowers,
                OfNoise = !golden.Flag("predict_x0", true),
                Uncorrected = [.. golden.Numbers("disable_corrector")],
            };
        var (heun, euler) = (golden.Text("solver_type") == "heun", golden.Flag("euler_at_final"));
        return golden.Text("algorithm_type") switch
        {
            "dpmsolver" => new DpmSolver<TProcess>(steps, order, spacing)
            {
                LowersOrderAtEnd = lowers,
                Heun = heun,
                Curvature = 0.5,
            },
            "sde-dpmsolver" => new SdeDpmSolverPlusPlus<TProcess>(steps, order, spacing)
            {
                LowersOrderAtEnd = lowers,
                Heun = heun,
                OfNoise = true,
            },
            "sde-dpmsolver++" when order == 3 => new PublishedThirdOrder<TProcess>(steps, spacing) { LowersOrderAtEnd = lowers },
            "sde-dpmsolver++" => new SdeDpmSolverPlusPlus<TProcess>(steps, order, spacing) { LowersOrderAtEnd = lowers, Heun = heun },
            _ => new DpmSolverPlusPlus<TProcess>(steps, order, spacing)
            {
                LowersOrderAtEnd = lowers,
                Heun = heun,
                Curvature = 0.5,
                EndsWithEuler = euler,
            },
        };
    }

    private static Spacing SpacingOf(string scheduler, DiffusersCase golden)
    {
        var endsAtData = scheduler != "deis" && golden.Text("final_sigmas_type") != "sigma_min";
        if (golden.Flag("use_flow_sigmas")) return GoldenNodes.FlowSpacing(scheduler, golden, endsAtData);
        return GoldenNodes.SpacingOf(golden) with { EndsAtData = endsAtData };
    }
}
