using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Tokens of a condition that are attended to beside a modulation.</summary>
public sealed class AttendedTests : IDisposable
{
    private const int Width = 16, Tokens = 5, Heads = 2;

    private readonly IDisposable scope = NewDisposeScope();
    private readonly Generator random = new(11);
    private int attended; // how often the tokens were asked for

    public void Dispose()
    {
        random.Dispose();
        scope.Dispose();
    }

    /// <summary>Every model of images alone that is generated here.</summary>
    public static TheoryData<string> Models =>
        [.. DitModels.All.Where(static model => model.Joint is null).Select(static model => model.Card.Name)];

    [Theory, MemberData(nameof(Models))]
    public void No_model_falls_back_to_its_forward_or_to_operators(string name)
    {
        using var @case = SessionCase.Of(name);
        foreach (var kernels in CpuKernels.All)
        {
            @case.Use(SessionCase.Fused(kernels, threads: 1));
            Assert.Equal($"{kernels.Name}, 1 thread", @case.Engine);
        }
    }

    private SteppedSession<NoCondition> Session()
    {
        using var frozen = no_grad();
        var card = new ModelCard(
            "Attending", "dit", "any", new(1, 4, 4), 1, new ModelCondition.None(), 1, Width, Heads, 2, 4, 1, 1, 1, null, "0");
        var patches = new PatchEmbedding(1, Width, 2, CPU, ScalarType.Float32);
        foreach (var parameter in patches.parameters()) parameter.normal_(0, 0.5, random);
        var builder = new SessionBuilder(card, patches, randn([1, 4, Width], generator: random)).Shared(Filled(3)).Attended(Tokens);
        for (var i = 0; i < 2; i++)
        {
            var m = builder.SharedModulation(randn([3, Width], generator: random));
            builder.Norm(m[0], m[1]);
            builder.CrossAttention(Filled(1), Filled(2), Filled(1), Heads);
            builder.Residual(m[2]);
        }
        var last = builder.Modulation(randn([2, Width], generator: random));
        builder.Norm(last[0], last[1]);
        builder.Output(nn.Linear(Width, 4));
        var text = randn([2, Tokens, Width], generator: random);
        var mask = tensor(new[] { true, true, true, true, true, false, false, true, false, false }).view(2, Tokens);
        return Assert.IsType<SteppedSession<NoCondition>>(builder.Build<NoCondition>(
            (t, _) => t.unsqueeze(1).expand(-1, Width).sin(),
            attend: condition =>
            {
                attended++;
                return (text[..condition.Count], mask[..condition.Count]);
            }));

        Linear Filled(int parts) => nn.Linear(Width, parts * Width);
    }

    public static TheoryData<string> Engines => ["operators", .. CpuKernels.All.Select(static kernels => kernels.Name)];

    private static Func<SessionSteps, StepEngine> Engine(string name) => name == "operators" ? static steps => new OperatorEngine(steps)
        : SessionCase.Fused(CpuKernels.All.Single(kernels => kernels.Name == name), threads: 2);

    [Theory, MemberData(nameof(Engines))]
    public void They_are_made_once_for_all_times_and_are_freed(string engine)
    {
        using var made = Session();
        using var session = made.On(Engine(engine));
        using var x = randn([2, 1, 4, 4], generator: random);
        double[] times = [900, 500, 100];
        Draw();
        var (before, memory) = (LiveTensors.Count(), NativeBuffer.LiveBytes);
        attended = 0;

        Draw();

        Assert.Equal(1, attended);
        Assert.Equal(before, LiveTensors.Count());
        Assert.True(NativeBuffer.LiveBytes <= memory, "Keys and values were left behind.");

        void Draw()
        {
            using var bound = session.Bind(new(new NoCondition(2), [0, 1], null), times);
            foreach (var t in times)
            {
                using var many = bound.Predict(x, t);
                using var at = full(2, t);
                using var one = session.Forward(x, at, new NoCondition(2));
                attended--;
                Close.To(one, many, 1e-6, engine);
            }
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void Padding_changes_nothing(string engine)
    {
        using var frozen = no_grad();
        using var model = Stirred.Create<PixArtTiny>();
        using var made = Assert.IsType<SteppedSession<TextEmbeddings>>(model.CreateSession());
        using var session = made.On(Engine(engine));
        var texts = new TextEmbeddings(randn([3, 7, 12], generator: random)).WithLengths([7, 1, 4]);
        var padded = texts with { Values = where(texts.Attended().unsqueeze(-1), texts.Values, texts.Values + 100) };
        var (x, t) = (randn([3, 4, 8, 8], generator: random), tensor(new[] { 3f, 500, 999 }));
        var expected = session.Forward(x, t, texts);

        Close.To(model.call(x, t, texts), expected, Close.OneStep, engine);
        Close.To(expected, session.Forward(x, t, padded), engine == "operators" ? 1e-6 : 0, engine);
        Assert.True((expected - session.Forward(x, t, texts with { Mask = null })).abs().max().item<float>() > 1e-4);
        // A sample is not touched by the texts of the others.
        var alone = session.Forward(x[1..2], t[1..2], texts.At([1]));
        Close.To(expected[1..2], alone, 1e-6, engine);
    }

    [Fact]
    public void Other_types_are_libtorchs()
    {
        using var frozen = no_grad();
        using var model = Stirred.Create<PixArtMs>();
        model.to(ScalarType.BFloat16);
        using var session = model.CreateSession();
        var texts = new TextEmbeddings(randn([2, 7, 12], generator: random).to(ScalarType.BFloat16)).WithLengths([7, 1]);
        var (x, t) = (randn([2, 4, 12, 6], generator: random).to(ScalarType.BFloat16), tensor(new[] { 3f, 900 }));
        var sized = SizedText.Of(texts, 96, 48);

        var (expected, y) = (model.call(x, t, sized), session.Forward(x, t, sized));

        Assert.Equal(("libtorch", ScalarType.BFloat16), (session.Engine, y.dtype));
        Close.To(expected.to(ScalarType.Float32), y.to(ScalarType.Float32), 0.03); // of bfloat16's 8 bits
    }
}
