using CsCheck;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Random orders of steps of random sizes: the kernels compute what libtorch's operators do.</summary>
public class RandomSessionTests
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
            session =>
            {
                using var scope = NewDisposeScope();
                using var frozen = no_grad();
                using var random = new Generator((ulong)session.Seed);
                using var exact = Build(session, ScalarType.Float64);
                using var made = Build(session, ScalarType.Float32);
                using var operators = made.On(static steps => new OperatorEngine(steps));
                using var fused = operators.On(steps => new FusedEngine(steps, kernels, session.Threads, budget: 1, session.Halved));
                var x = randn([session.Samples, session.Channels.In, session.Grid.Rows * session.Patch, session.Grid.Columns * session.Patch], generator: random);
                var t = arange(session.Samples, ScalarType.Float32);
                var expected = exact.Forward(x.to(ScalarType.Float64), t, new()).to(ScalarType.Float32);
                // Some sessions magnify rounding, such as a norm of two features that are nearly the same: then libtorch is no more exact either.
                var rounding = (expected - operators.Forward(x, t, new())).abs().max().item<float>() / Math.Max(1, expected.abs().max().item<float>());
                Close.To(expected, fused.Forward(x, t, new()), Math.Max(Close.OneStep, 10 * rounding), $"{session}");
            },
            iter: 60, threads: 1, print: static session => $"{session} {string.Join(' ', session.Branches)}");
    }

    // Of both types the same numbers.
    private static SteppedSession<NoCondition> Build(Plan session, ScalarType type)
    {
        using var random = new Generator((ulong)session.Seed + 1);
        var (width, tokens) = (session.Width, session.Grid.Rows * session.Grid.Columns);
        var card = new ModelCard(
            "Random", "dit", "any", new(session.Channels.In, session.Grid.Rows * session.Patch, session.Grid.Columns * session.Patch), session.Channels.Out,
            new ModelCondition.None(), 1, width, session.Heads, session.Patch, tokens, 1, 1, 1, null, "0");
        var patches = Filled(new PatchEmbedding(session.Channels.In, width, session.Patch, CPU, type), random);
        var builder = new SessionBuilder(card, patches, randn([1, tokens, width], generator: random).to(type));
        if (!session.IsModulated) builder.Context(session.Context, session.Joined);
        foreach (var branch in session.Branches) Branch(builder, session, branch, type, random);
        builder.Norm(Filled(new AffineLayerNorm(width, CPU, type), random));
        builder.Output(Linear(width, session.Patch * session.Patch * session.Channels.Out));
        var entering = randn(session.IsModulated ? [session.Samples, width] : [session.Samples, session.Context, width], generator: random).to(type);
        return Assert.IsType<SteppedSession<NoCondition>>(builder.Build<NoCondition>((t, _) => entering.index_select(0, t.to(ScalarType.Int64))));

        Linear Linear(int from, int to) => Filled(nn.Linear(from, to, session.HasBias, dtype: type), random);
    }

    private static void Branch(SessionBuilder builder, Plan session, (int Norm, int Kind, bool Gate) branch, ScalarType type, Generator random)
    {
        var width = session.Width;
        var modulation = session.IsModulated ? builder.Modulation(Linear(width, 3 * width)) : default;
        if (branch.Norm == 0 && session.IsModulated) builder.Norm(modulation[0], modulation[1], eps: 1e-5);
        else if (branch.Norm == 2) builder.NoNorm();
        else builder.Norm(Filled(new AffineLayerNorm(width, CPU, type), random));
        if (branch.Kind == 0) builder.Mlp(Linear(width, session.Hidden), Linear(session.Hidden, width));
        else if (branch.Kind == 1 && session is { Context: > 0, Joined: false }) builder.CrossAttention(Linear(width, width), Linear(width, 2 * width), Linear(width, width), session.Heads);
        else builder.Attention(Linear(width, 3 * width), Linear(width, width), session.Heads);
        if (branch.Gate && session.IsModulated) builder.Residual(modulation[2]);
        else builder.Residual();

        Linear Linear(int from, int to) => Filled(nn.Linear(from, to, session.HasBias, dtype: type), random);
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
