using CsCheck;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Random orders of steps of random sizes: the kernels compute what libtorch's operators do.</summary>
public class RandomPlanTests
{
    /// <param name="Heads">H.</param>
    /// <param name="HeadWidth">K.</param>
    /// <param name="Grid">Rows and columns of patches.</param>
    /// <param name="Patch">P.</param>
    /// <param name="Channels">Of the input and of the output.</param>
    /// <param name="Context">Tokens of the condition; 0 for a modulation.</param>
    /// <param name="Joined">Whether they are joined to the image's.</param>
    /// <param name="Branches">What is in between: of each branch its norm, its kind and whether it is gated.</param>
    /// <param name="Hidden">Hidden features of MLPs.</param>
    /// <param name="HasBias">Whether layers have biases.</param>
    /// <param name="Halved">Whether products are made of halves, where that can be.</param>
    private sealed record Plan(
        int Heads, int HeadWidth, (int Rows, int Columns) Grid, int Patch, (int In, int Out) Channels, int Context, bool Joined,
        (int Norm, int Kind, bool Gate)[] Branches, int Hidden, bool HasBias, int Samples, int Threads, bool Halved, int Seed)
    {
        public int Width => Heads * HeadWidth;

        public bool IsModulated => Context == 0;
    }

    private static readonly Gen<Plan> Plans =
        from heads in Gen.Int[1, 5]
        from headWidth in Gen.Frequency((4, Gen.Int[1, 20]), (1, Gen.Int[60, 130]))
        from rows in Gen.Int[1, 9]
        from columns in Gen.Int[1, 14]
        from patch in Gen.Int[1, 3]
        from channels in Gen.Select(Gen.Int[1, 5], Gen.Int[1, 9])
        from context in Gen.OneOf(Gen.Const(0), Gen.Int[1, 60])
        from joined in Gen.Bool
        from branches in Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Bool).Array[1, 4]
        from hidden in Gen.Frequency((3, Gen.Int[1, 70]), (1, Gen.Int[380, 800]))
        from hasBias in Gen.Bool
        from samples in Gen.Int[1, 4]
        from threads in Gen.Int[1, 3]
        from halved in Gen.Bool
        from seed in KernelCase.Seed
        select new Plan(heads, headWidth, (rows, columns), patch, channels, context, joined && context > 0, branches, hidden, hasBias, samples, threads, halved, seed);

    public static TheoryData<string> Kernels => KernelCase.Kernels;

    [Theory, MemberData(nameof(Kernels))]
    public void Fused_steps_are_the_operators(string name)
    {
        var kernels = KernelCase.Of(name);
        Plans.Sample(
            plan =>
            {
                using var scope = NewDisposeScope();
                using var frozen = no_grad();
                using var random = new Generator((ulong)plan.Seed);
                using var exact = Build(plan, ScalarType.Float64);
                using var made = Build(plan, ScalarType.Float32);
                using var operators = made.On(static steps => new OperatorEngine(steps));
                using var fused = operators.On(steps => new FusedEngine(steps, kernels, plan.Threads, budget: 1, plan.Halved));
                var x = randn([plan.Samples, plan.Channels.In, plan.Grid.Rows * plan.Patch, plan.Grid.Columns * plan.Patch], generator: random);
                var t = arange(plan.Samples, ScalarType.Float32);
                var expected = exact.Forward(x.to(ScalarType.Float64), t, new()).to(ScalarType.Float32);
                // Some plans magnify rounding, such as a norm of two features that are nearly the same: then libtorch is no more exact either.
                var rounding = (expected - operators.Forward(x, t, new())).abs().max().item<float>() / Math.Max(1, expected.abs().max().item<float>());
                Close.To(expected, fused.Forward(x, t, new()), Math.Max(Close.OneStep, 10 * rounding), $"{plan}");
            },
            iter: 60, threads: 1, print: static plan => $"{plan} {string.Join(' ', plan.Branches)}");
    }

    // Of both types the same numbers.
    private static SteppedPlan<NoCondition> Build(Plan plan, ScalarType type)
    {
        using var random = new Generator((ulong)plan.Seed + 1);
        var (width, tokens) = (plan.Width, plan.Grid.Rows * plan.Grid.Columns);
        var card = new ModelCard(
            "Random", "dit", "any", new(plan.Channels.In, plan.Grid.Rows * plan.Patch, plan.Grid.Columns * plan.Patch), plan.Channels.Out,
            new ModelCondition.None(), 1, width, plan.Heads, plan.Patch, tokens, 1, 1, 1, null, "0");
        var patches = Filled(new PatchEmbedding(plan.Channels.In, width, plan.Patch, CPU, type), random);
        var builder = new PlanBuilder(card, patches, randn([1, tokens, width], generator: random).to(type));
        if (!plan.IsModulated) builder.Context(plan.Context, plan.Joined);
        foreach (var branch in plan.Branches) Branch(builder, plan, branch, type, random);
        builder.Norm(Filled(new ScaledNorm(width, CPU, type), random));
        builder.Output(Linear(width, plan.Patch * plan.Patch * plan.Channels.Out));
        var entering = randn(plan.IsModulated ? [plan.Samples, width] : [plan.Samples, plan.Context, width], generator: random).to(type);
        return Assert.IsType<SteppedPlan<NoCondition>>(builder.Build<NoCondition>((t, _) => entering.index_select(0, t.to(ScalarType.Int64))));

        Linear Linear(int from, int to) => Filled(nn.Linear(from, to, plan.HasBias, dtype: type), random);
    }

    private static void Branch(PlanBuilder builder, Plan plan, (int Norm, int Kind, bool Gate) branch, ScalarType type, Generator random)
    {
        var width = plan.Width;
        var modulation = plan.IsModulated ? builder.Modulation(Linear(width, 3 * width)) : default;
        if (branch.Norm == 0 && plan.IsModulated) builder.Norm(modulation[0], modulation[1], eps: 1e-5);
        else if (branch.Norm == 2) builder.NoNorm();
        else builder.Norm(Filled(new ScaledNorm(width, CPU, type), random));
        if (branch.Kind == 0) builder.Mlp(Linear(width, plan.Hidden), Linear(plan.Hidden, width));
        else if (branch.Kind == 1 && plan is { Context: > 0, Joined: false }) builder.CrossAttention(Linear(width, width), Linear(width, 2 * width), Linear(width, width), plan.Heads);
        else builder.Attention(Linear(width, 3 * width), Linear(width, width), plan.Heads);
        if (branch.Gate && plan.IsModulated) builder.Residual(modulation[2]);
        else builder.Residual();

        Linear Linear(int from, int to) => Filled(nn.Linear(from, to, plan.HasBias, dtype: type), random);
    }

    // Sums of as many numbers as there are stay near one.
    private static TModule Filled<TModule>(TModule module, Generator random)
        where TModule : nn.Module
    {
        foreach (var parameter in module.parameters())
        {
            using var values = randn(parameter.shape, generator: random);
            parameter.copy_(parameter.dim() > 1 ? values / Math.Sqrt((double)parameter.numel() / parameter.shape[0]) : values);
        }
        return module;
    }
}
