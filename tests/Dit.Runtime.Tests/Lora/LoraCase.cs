using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A generated model of any family, with nothing zero in it, and adapters for it.</summary>
internal abstract class LoraCase : IDisposable
{
    private static readonly string[] Families = ["V-", "B-", "U-", "Lightning-", "PixArt-", "Joint-"];

    /// <summary>The small models of every family.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. DitModels.All.Select(static m => m.Card.Name)
            .Where(static name => Families.Any(family => name.StartsWith(family, StringComparison.Ordinal))),
    ];

    /// <summary>The same model each time.</summary>
    public static LoraCase Of(string name) => DitModels.All.Single(m => m.Card.Name == name).Accept(new Visitor());

    public abstract ModelCard Card { get; }

    public abstract nn.Module Model { get; }

    public abstract IReadOnlyList<CheckpointEntry> Map { get; }

    public abstract Lora Attach(LoraOptions options, long seed = 0);

    public abstract Lora Load(string path);

    public abstract ICheckpointFile Fused(ICheckpointFile file, string adapters, double scale = 1);

    /// <summary>The model's own prediction, the same inputs each time; of a joint model all three, flat.</summary>
    public abstract Tensor Forward();

    /// <summary>
    /// The prediction of a new session, on an engine or on the environment's; null where there are no sessions.
    /// </summary>
    public abstract Tensor? Planned(Func<SessionSteps, StepEngine>? engine = null);

    /// <summary>Adapters of rank 3 on all linear layers that change what the model gives.</summary>
    public Lora Moved()
    {
        var lora = Attach(new(3) { Alpha = 4, Targets = LoraTargets.All }, seed: 7);
        Move(lora);
        return lora;
    }

    /// <summary>Gives every B, which is zero in the beginning, some values.</summary>
    public static void Move(Lora lora)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new Generator(11);
        foreach (var b in lora.Parameters.Where(static (_, i) => i % 2 == 1)) b.copy_(0.2 * randn(b.shape, generator: random));
    }

    /// <summary>What so many parameters stay in TorchSharp's count of tensors when they are gone.</summary>
    /// <remarks>It counts the tensor that a parameter is made of, and never takes it off again.</remarks>
    public static long CountedFor(int parameters)
    {
        var before = LiveTensors.Count();
        using (Layer.Unset([1], CPU, ScalarType.Float32)) { }
        return parameters * (LiveTensors.Count() - before);
    }

    /// <summary>The norm of the difference, relative to that of what is expected.</summary>
    /// <remarks>Two calls of libtorch give the same bits only where the numbers lie alike in memory.</remarks>
    public static double Distance(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        return (expected - actual).norm().item<float>() / expected.norm().item<float>();
    }

    public abstract void Dispose();

    private sealed class Visitor : IModelVisitor<LoraCase>
    {
        private const int Samples = 4;

        public LoraCase Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => new LoraCase<TModel>(
            model => Run<TCondition>(TModel.Card, model.Predict),
            (model, engine) =>
            {
                using var session = model.CreateSession();
                if (session is not SteppedSession<TCondition> stepped) return null;
                using var other = engine is null ? null : stepped.On(engine);
                return Run<TCondition>(TModel.Card, (other ?? session).Forward);
            });

        public LoraCase VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel> => new LoraCase<TModel>(
            static model =>
            {
                using var random = new Generator(9);
                var shape = TModel.Modalities;
                var times = rand([Samples], generator: random).mul(999);
                var (image, clip, text) = model.Predict(
                    randn(shape.Image.Batch(Samples), generator: random), randn([Samples, 1, shape.ClipWidth], generator: random),
                    randn([Samples, shape.TextTokens, shape.TextWidth], generator: random), times, times.flip(0),
                    zeros([Samples], ScalarType.Int64));
                return cat([image.flatten(), clip.flatten(), text.flatten()]);
            },
            static (_, _) => null);

        private static Tensor Run<TCondition>(ModelCard card, Func<Tensor, Tensor, TCondition, Tensor> predict)
            where TCondition : ICondition<TCondition>
        {
            using var random = new Generator(9);
            var x = randn(card.Input.Batch(Samples), generator: random);
            var t = rand([Samples], generator: random).mul(999);
            return predict(x, t, AnyCondition.Of<TCondition>(
                card,
                classes => randint(classes, [Samples], ScalarType.Int64, generator: random),
                text => new(randn([Samples, text.Tokens, text.Width], generator: random)),
                Samples));
        }
    }
}

/// <inheritdoc/>
/// <param name="predict">The model's prediction.</param>
/// <param name="plan">A session's.</param>
internal sealed class LoraCase<TModel>(
    Func<TModel, Tensor> predict, Func<TModel, Func<SessionSteps, StepEngine>?, Tensor?> plan) : LoraCase
    where TModel : nn.Module, IModel<TModel>
{
    private readonly TModel model = Stirred.Evenly<TModel>();

    public override ModelCard Card => TModel.Card;

    public override nn.Module Model => model;

    public override IReadOnlyList<CheckpointEntry> Map => TModel.CheckpointMap;

    public override Lora Attach(LoraOptions options, long seed = 0) => Lora.Attach(model, options, seed);

    public override Lora Load(string path) => Lora.Load(model, path);

    public override ICheckpointFile Fused(ICheckpointFile file, string adapters, double scale = 1) =>
        Lora.Fused<TModel>(file, adapters, scale);

    public override Tensor Forward()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return predict(model).MoveToOuterDisposeScope();
    }

    public override Tensor? Planned(Func<SessionSteps, StepEngine>? engine = null)
    {
        using var scope = NewDisposeScope();
        return plan(model, engine)?.MoveToOuterDisposeScope();
    }

    public override void Dispose() => model.Dispose();
}
