using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A generated model with nothing zero in it, and its sessions.</summary>
internal abstract class SessionCase : IDisposable
{
    /// <summary>
    /// Every model that is generated here with the paper's block, and those with a modulation that all blocks share or
    /// with attention to a text beside a modulation.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. DitModels.All.Where(static m => m.Joint is null).Select(static m => m.Card)
            .Where(static card =>
                card.Block is not { } block || block.EndsWith("modulation: shared }", StringComparison.Ordinal)
                || card.Conditioning.Contains('+', StringComparison.Ordinal))
            .Select(static card => card.Name),
    ];

    public static SessionCase Of(string name) => DitModels.All.Single(m => m.Card.Name == name).Accept(new Visitor());

    public abstract ModelCard Card { get; }

    public abstract nn.Module Model { get; }

    /// <summary>
    /// The model's own prediction for so many samples: some with whole timesteps, some with fractional ones, some
    /// without a condition.
    /// </summary>
    public abstract Tensor Forward(int samples);

    /// <summary>The prediction of a session for the same samples.</summary>
    public abstract Tensor Planned(int samples);

    /// <summary>The session's engine from now on.</summary>
    public abstract void Use(Func<SessionSteps, StepEngine> engine);

    /// <summary>A session of the weights as they are now from now on.</summary>
    public abstract void PlanAgain();

    public abstract string Engine { get; }

    public abstract long PackedBytes { get; }

    public abstract void DisposePlan();

    public abstract void Dispose();

    /// <summary>Every width of vectors.</summary>
    public static TheoryData<string> Kernels => [.. CpuKernels.All.Select(static kernels => kernels.Name)];

    public static Func<SessionSteps,
        StepEngine> Fused(CpuKernels kernels, int threads, long budget = 256 << 20, WeightLayout? weights = null) =>
        steps => FusedEngine.For(steps, kernels, threads, budget, weights);

    /// <summary>The engine that a choice of kernels leads to.</summary>
    public static Func<SessionSteps, StepEngine> By(KernelChoice choice) => steps => StepEngine.For(steps, choice);

    /// <summary>A session of a model with a choice of kernels other than the environment's.</summary>
    public static InferenceSession<TCondition> By<TCondition>(KernelChoice choice, InferenceSession<TCondition> session)
        where TCondition : ICondition<TCondition>
    {
        using var made = Assert.IsType<SteppedSession<TCondition>>(session);
        return made.On(By(choice));
    }

    private sealed class Visitor : IModelVisitor<SessionCase>
    {
        public SessionCase Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => new SessionCase<TModel, TCondition, TProcess>((n, random) => AnyCondition.Of<TCondition>(
                TModel.Card,
                classes => randint(classes + (TModel.Card.CanBeGuided ? 1 : 0), [n], ScalarType.Int64, generator: random),
                text => Texts(text, n, random),
                n));

        // Of masked texts the first is as long as can be, and the second has one token.
        private static TextEmbeddings Texts(ModelCondition.Text text, int n, Generator random)
        {
            var texts = new TextEmbeddings(
                randn([n, text.Tokens, text.Width], generator: random),
                text.HasNull && n != 3 ? rand([n], generator: random) < 0.5 : null);
            int[] lengths = [text.Tokens, 1, (text.Tokens + 1) / 2];
            return text.IsMasked ? texts.WithLengths([.. Enumerable.Range(0, n).Select(i => lengths[i % lengths.Length])]) : texts;
        }
    }
}

/// <inheritdoc/>
/// <param name="condition">Conditions of so many samples.</param>
internal sealed class SessionCase<TModel, TCondition, TProcess>(Func<int, Generator, TCondition> condition) : SessionCase
    where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
    where TCondition : ICondition<TCondition>
    where TProcess : IProcess
{
    private readonly TModel model = Stirred.Evenly<TModel>();
    private InferenceSession<TCondition>? session;

    public override ModelCard Card => TModel.Card;

    public override nn.Module Model => model;

    private InferenceSession<TCondition> Plan => session ??= model.CreateSession();

    public override string Engine => Plan.Engine;

    public override long PackedBytes => Plan.PackedBytes;

    public override Tensor Forward(int samples) => Run(samples, model.Predict);

    public override Tensor Planned(int samples) => Run(samples, Plan.Forward);

    public override void Use(Func<SessionSteps, StepEngine> engine)
    {
        var other = Assert.IsType<SteppedSession<TCondition>>(Plan).On(engine);
        DisposePlan();
        session = other;
    }

    public override void PlanAgain()
    {
        DisposePlan();
        session = model.CreateSession();
    }

    public override void DisposePlan() => session?.Dispose();

    public override void Dispose()
    {
        DisposePlan();
        model.Dispose();
    }

    private static Tensor Timesteps(int samples, Generator random) => samples == 3 ? tensor(new long[] { 0, 417, 999 })
        : rand([samples], generator: random).mul(999);

    private Tensor Run(int samples, Func<Tensor, Tensor, TCondition, Tensor> predict)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new Generator(9);
        var type = model.parameters().First().dtype;
        var x = randn(Card.Input.Batch(samples), generator: random).to(type);
        var t = Timesteps(samples, random);
        return predict(x, t, condition(samples, random).Map(values => values.is_floating_point() ? values.to(type) : values))
            .MoveToOuterDisposeScope();
    }
}
