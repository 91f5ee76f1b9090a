using CsCheck;
using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Random orders of steps of random sizes: the kernels compute what libtorch's operators do.</summary>
public class RandomSessionTests
{
    private const double Magnified = 1e-2; // rounding that some sessions magnify; a step left out is far more

    /// <param name="Heads">H.</param>
    /// <param name="HeadWidth">K.</param>
    /// <param name="Grid">Rows and columns of patches.</param>
    /// <param name="Patch">P.</param>
    /// <param name="Channels">Of the input and of the output.</param>
    /// <param name="Context">Tokens of the condition; 0 for a modulation.</param>
    /// <param name="Joined">Whether they are joined to the image's.</param>
    /// <param name="Attended">Tokens that are attended to beside a modulation; 0 for none.</param>
    /// <param name="Masked">Whether a mask says which of these count.</param>
    /// <param name="Branches">What is in between: of each branch its norm, its kind and whether it is gated.</param>
    /// <param name="Hidden">Hidden features of MLPs.</param>
    /// <param name="HasBias">Whether layers have biases.</param>
    /// <param name="Strassen">Whether products are Strassen's, where that can be.</param>
    /// <param name="Skips">How many of the branches leave their tokens for as many at the end, which take them.</param>
    /// <param name="Edits">What is changed in the order of the steps: a kind of change and a place.</param>
    private sealed record Plan(
        int Heads, int HeadWidth, (int Rows, int Columns) Grid, int Patch, (int In, int Out) Channels, int Context, bool Joined,
        int Attended,
        bool Masked,
        (int Norm, int Kind, bool Gate)[] Branches,
        int Hidden,
        bool HasBias,
        int Samples,
        int Threads,
        bool Strassen,
        int Seed,
        int Skips,
        (int Kind, int At)[] Edits)
    {
        public int Width => Heads * HeadWidth;

        public bool IsModulated => Context == 0;

        public bool IsRotary => HeadWidth % 4 == 0 && !Joined;

        /// <summary>
        /// The steps in another order: some left out, done twice, or before the one that they followed. The output
        /// layer stays the last.
        /// </summary>
        public SessionSteps Edited(SessionSteps session)
        {
            var steps = session.Steps.SkipLast(1).ToList();
            foreach (var (kind, place) in Edits)
            {
                if (steps.Count < 2) break;
                var at = place % (steps.Count - 1);
                if (kind == 0) steps.RemoveAt(at);
                else if (kind == 1) steps.Insert(at, steps[at]);
                else (steps[at], steps[at + 1]) = (steps[at + 1], steps[at]);
            }
            return session with { Steps = [.. steps, session.Steps[^1]] };
        }
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
        from attended in Gen.OneOf(Gen.Const(0), Gen.Int[1, 60])
        from masked in Gen.Bool
        from branches in Gen.Select(Gen.Int[0, 4], Gen.Int[0, 6], Gen.Bool).Array[1, 4]
        from skips in Gen.Int[0, branches.Length / 2]
        from hidden in Gen.Frequency((3, Gen.Int[1, 70]), (1, Gen.Int[380, 800]))
        from hasBias in Gen.Bool
        from samples in Gen.Int[1, 4]
        from threads in Gen.Int[1, 3]
        from strassen in Gen.Bool
        from seed in Gen.Int[0, int.MaxValue - 1]
        from edits in Gen.Frequency((1, Gen.Const(Array.Empty<(int, int)>())), (1, Gen.Select(Gen.Int[0, 2], Gen.Int[0, 30]).Array[1, 2]))
        select new Plan(
            heads, headWidth, (rows, columns), patch, channels, context, joined && context > 0,
                context == 0 ? attended : 0, masked, branches, hidden, hasBias, samples, threads,
                strassen, seed, skips, skips == 0 ? edits : []);

    public static TheoryData<string> Kernels => SessionCase.Kernels;

    [Theory, MemberData(nameof(Kernels))]
    public void Every_order_of_steps_is_what_its_definition_says(string name)
    {
        var kernels = CpuKernels.All.Single(kernels => kernels.Name == name);
        var (fused, others) = (0, 0);
        Plans.Sample(
            session =>
            {
                using var scope = NewDisposeScope();
                using var frozen = no_grad();
                using var random = new Generator((ulong)session.Seed);
                using var made = Build(session, ScalarType.Float32);
                using var operators = made.On(steps => new OperatorEngine(session.Edited(steps)));
                using var engine = made.On(steps =>
                    FusedEngine.For(session.Edited(steps), kernels, session.Threads, budget: 1, session.Strassen ? new StrassenLayout()
                        : WeightLayout.Whole));
                using var exact = Build(session, ScalarType.Float64);
                using var plain = exact.On(steps => new PlainEngine(session.Edited(steps)));
                var x = randn([session.Samples, session.Channels.In, session.Grid.Rows * session.Patch,
                    session.Grid.Columns * session.Patch], generator: random);
                var t = arange(session.Samples, ScalarType.Float32);
                var expected = plain.Forward(x.to(ScalarType.Float64), t, new()).to(ScalarType.Float32);
                // Some sessions magnify rounding, such as a norm of two features that are nearly the same: then
                // libtorch is no more exact either. Both round by chance, so its error is only the size of ours.
                var byOperators = operators.Forward(x, t, new());
                var rounding = (expected - byOperators).abs().max().item<float>() / Math.Max(1, expected.abs().max().item<float>());
                Close.To(expected, engine.Forward(x, t, new()), Math.Max(Close.OneStep, 30 * rounding), $"{session}");
                Close.To(expected, byOperators, Magnified, $"{session}");
                if (engine.Engine.StartsWith("libtorch's operators: ", StringComparison.Ordinal)) others++;
                else fused++;
            },
            iter: 60, threads: 1, print: static session =>
                $"{session} {string.Join(' ', session.Branches)} {string.Join(' ', session.Edits)}");
        Assert.True(fused > 15 && others > 5, $"{fused} sessions were fused and {others} were not.");
    }

    public static TheoryData<string, string> Obstacles => new()
    {
        { "norm attention mlp residual norm output", "attention without a projection" },
        { "attention project residual norm output", "attention without a norm before it" },
        { "norm project residual norm output", "a projection without attention before it" },
        { "norm mlp mlp residual norm output", "an MLP without a norm before it" },
        { "norm residual norm output", "a residual without a branch before it" },
        { "norm mlp residual output", "an output layer without a norm before it" },
        { "norm output output", "a step after the output layer" },
        { "norm mlp residual norm", "a session without an output layer at its end" },
        { "modulated mlp residual norm output", "an adaptive norm without its modulation" },
        { "norm mlp gated norm output", "a gate without its modulation" },
        { "norm cross project residual norm output", "cross-attention to joined tokens" },
        { "norm push mlp residual norm output", "a long skip inside a branch" },
        { "push norm pop output", "a long skip inside a branch" },
        { "pop norm mlp residual norm output", "a long skip that nothing was left for" },
        { "norm turned project residual norm output", "rotary positions that some of the tokens lack" },
        { "norm strange project residual norm output", "a norm of queries and keys of this kind" },
        { "scaled mlp residual norm output", "an adaptive norm without its modulation" },
    };

    [Theory, MemberData(nameof(Obstacles))]
    public void What_cannot_be_fused_is_named(string order, string obstacle) => Assert.Equal(obstacle, FusedOrder.Obstacle(Ordered(order)));

    [Theory]
    [InlineData("norm output")]
    [InlineData("identity attention project residual norm mlp residual norm output")]
    [InlineData("push norm mlp residual push norm mlp residual pop pop norm output")]
    [InlineData("push norm output")]
    [InlineData("rms gate residual rms output")]
    [InlineData("norm mlp norm mlp residual norm output")] // a branch that is not used is no obstacle
    public void What_can_be_fused_has_no_obstacle(string order) => Assert.Null(FusedOrder.Obstacle(Ordered(order)));

    private static SessionSteps Ordered(string order)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        SessionSteps? taken = null;
        var linear = nn.Linear(2, 2);
        using var session = Build(
            new Plan(1, 2, (1, 1), 1, (1, 1), 1, true, 0, false, [], 2, true, 1, 1, false, 1, 0, []),
            ScalarType.Float32);
        using var other = session.On(steps => new OperatorEngine(taken = steps));
        return (taken ?? throw new InvalidOperationException()) with
        {
            Steps = [.. order.Split(' ').Select(word => (SessionStep)(word switch
            {
                "norm" => new SessionStep.LearnedNorm(new AffineLayerNorm(2, CPU, ScalarType.Float32)),
                "modulated" => new SessionStep.AdaptiveNorm(0, 1, 1e-6),
                "scaled" => new SessionStep.AdaptiveNorm(null, 1, 1e-6),
                "rms" => new SessionStep.LearnedRmsNorm(new RmsNorm(2, CPU, ScalarType.Float32)),
                "gate" => new SessionStep.Mlp(linear, linear, HiddenActivation.SwiGlu),
                "turned" => new SessionStep.SelfAttention(linear, 1) { Rotary = new RotaryPositions(1, 1, 4, CPU, ScalarType.Float32) },
                "strange" => new SessionStep.SelfAttention(linear, 1) { KeyNorm = linear },
                "identity" => new SessionStep.Identity(),
                "attention" => new SessionStep.SelfAttention(linear, 1),
                "cross" => new SessionStep.CrossAttention(linear, linear, 1),
                "project" => new SessionStep.Project(linear),
                "mlp" => new SessionStep.Mlp(linear, linear),
                "residual" => new SessionStep.Residual(null),
                "gated" => new SessionStep.Residual(0),
                "push" => new SessionStep.Push(),
                "pop" => new SessionStep.Pop(linear),
                _ => new SessionStep.Output(linear),
            }))],
        };
    }

    // Of both types the same numbers.
    private static SteppedSession<NoCondition> Build(Plan session, ScalarType type)
    {
        using var random = new Generator((ulong)session.Seed + 1);
        var (width, tokens) = (session.Width, session.Grid.Rows * session.Grid.Columns);
        var card = new ModelCard(
            "Random", "dit", "any", new(session.Channels.In, session.Grid.Rows * session.Patch, session.Grid.Columns * session.Patch),
                session.Channels.Out,
            new ModelCondition.None(), 1, width, session.Heads, session.Patch, tokens, 1, 1, 1, null, "0");
        var patches = Filled(new PatchEmbedding(session.Channels.In, width, session.Patch, CPU, type), random);
        var builder = new SessionBuilder(card, patches, randn([1, tokens, width], generator: random).to(type));
        if (!session.IsModulated) builder.Context(session.Context, session.Joined);
        if (session.Attended > 0) builder.Attended(session.Attended);
        if (session.IsModulated) builder.Shared(Linear(width, 3 * width));
        if (session.IsRotary)
        {
            var rotary = new RotaryPositions(session.Grid.Rows, session.Grid.Columns, session.HeadWidth, CPU, type);
            rotary.Initialize();
            builder.Rotary(rotary);
        }
        for (var i = 0; i < session.Branches.Length; i++)
        {
            if (i >= session.Branches.Length - session.Skips) builder.Pop(Linear(2 * width, width));
            Branch(builder, session, session.Branches[i], type, random);
            if (i < session.Skips) builder.Push();
        }
        builder.Norm(Filled(new AffineLayerNorm(width, CPU, type), random));
        builder.Output(Linear(width, session.Patch * session.Patch * session.Channels.Out));
        var condition = randn(session.IsModulated ? [session.Samples, width] : [session.Samples, session.Context, width], generator: random)
            .to(type);
        var attendedTokens = randn([session.Samples, Math.Max(1, session.Attended), width], generator: random).to(type);
        var mask = rand(attendedTokens.shape[..2], generator: random).lt(0.4);
        mask[.., 0] = tensor(true); // one at least
        return Assert.IsType<SteppedSession<NoCondition>>(builder.Build<NoCondition>(
            (t, _) => condition.index_select(0, t.to(ScalarType.Int64)),
            attend: session.Attended == 0 ? null : _ => (attendedTokens, session.Masked ? mask : null)));

        Linear Linear(int from, int to) => Filled(nn.Linear(from, to, session.HasBias, dtype: type), random);
    }

    private static void Branch(SessionBuilder builder, Plan session, (int Norm, int Kind, bool Gate) branch, ScalarType type,
        Generator random)
    {
        var width = session.Width;
        var modulation = !session.IsModulated ? default
            : branch.Kind % 3 == 0 ? builder.Modulation(Linear(width, 3 * width))
            : branch.Kind % 3 == 1 ? builder.SharedModulation(Table())
            : builder.Modulation(Table());
        if (branch.Norm == 0 && session.IsModulated) builder.Norm(branch.Gate ? modulation[0] : null, modulation[1], eps: 1e-5);
        else if (branch.Norm == 2) builder.Identity();
        else if (branch.Norm == 3 && session.IsModulated) builder.Norm(Rms(width), branch.Gate ? null : modulation[0], modulation[1]);
        else if (branch.Norm >= 3) builder.Norm(Rms(width));
        else builder.Norm(Filled(new AffineLayerNorm(width, CPU, type, eps: 1e-5), random));
        if (branch.Kind is 0 or 3) builder.Mlp(Linear(width, session.Hidden), Linear(session.Hidden, width), exactGelu: branch.Kind == 3);
        else if (branch.Kind == 1 && session is { Context: > 0, Joined: false } or { Attended: > 0 })
            builder.CrossAttention(Linear(width, width), Linear(width, 2 * width), Linear(width, width), session.Heads);
        else if (branch.Kind == 4) builder.SwiGlu(Linear(width, 2 * session.Hidden), Linear(session.Hidden, width));
        else builder.Attention(
            Linear(width, 3 * width), Linear(width, width), session.Heads, HeadNorm(branch.Kind), HeadNorm(branch.Norm + 3),
            rotary: session.IsRotary && branch.Kind >= 5);
        if (branch.Gate && session.IsModulated) builder.Residual(modulation[2]);
        else builder.Residual();

        Linear Linear(int from, int to) => Filled(nn.Linear(from, to, session.HasBias, dtype: type), random);

        Tensor Table() => randn([3, width], generator: random).to(type);

        RmsNorm Rms(int size) => Filled(new RmsNorm(size, CPU, type, eps: 1e-5), random);

        nn.Module<Tensor, Tensor>? HeadNorm(int kind) => kind switch
        {
            5 => Rms(session.HeadWidth),
            6 => Filled(new AffineLayerNorm(session.HeadWidth, CPU, type, eps: 1e-5), random),
            _ => null,
        };
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
