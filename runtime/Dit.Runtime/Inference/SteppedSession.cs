using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A session of steps, run by the engine for the model's device and type; while somebody listens to the model, by the model itself.</summary>
internal sealed class SteppedSession<TCondition> : InferenceSession<TCondition>
    where TCondition : ICondition<TCondition>
{
    private readonly SessionSteps steps;
    private readonly Func<Tensor, TCondition, Tensor> embed;
    private readonly IConditionedOn<TCondition>? model;
    private readonly StepEngine engine;

    public SteppedSession(SessionSteps steps, Func<Tensor, TCondition, Tensor> embed, IConditionedOn<TCondition>? model)
        : this(steps, embed, model, StepEngine.For(steps, EnvironmentKernels.Choice)) { }

    private SteppedSession(SessionSteps steps, Func<Tensor, TCondition, Tensor> embed, IConditionedOn<TCondition>? model, StepEngine engine) =>
        (this.steps, this.embed, this.model, this.engine) = (steps, embed, model, engine);

    /// <summary>The same session on another engine: tests compare them.</summary>
    internal SteppedSession<TCondition> On(Func<SessionSteps, StepEngine> other) => new(steps, embed, model, other(steps));

    // Looked at for each call: hooks come and go while a session is kept.
    private ForwardSession<TCondition>? Hooked => model is nn.Module module && ForwardHooks.IsAnyIn(module) ? new(model, engine: "the model's forward, which calls its hooks") : null;

    public override string Engine => Hooked?.Engine ?? engine.Name;

    public override long PackedBytes => engine.PackedBytes;

    public override Tensor Forward(Tensor x, Tensor t, TCondition condition)
    {
        Guard.Input(steps.Card.Name, nameof(x), x, steps.Card.Input, steps.Positions);
        Guard.Timesteps(steps.Card.Name, t, x);
        if (Hooked is { } hooked) return hooked.Forward(x, t, condition);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var rows = Enumerable.Range(0, (int)x.shape[0]).ToArray();
        return engine.Run(x, Embed(t, condition), rows).MoveToOuterDisposeScope();
    }

    internal override bool IsOf(nn.Module model) => model.children().Contains(steps.Patches);

    internal override SessionTrajectory Follow(Tensor timesteps, TCondition conditions, int[] rows, int? nullRow) =>
        Hooked?.Follow(timesteps, conditions, rows, nullRow) ?? new Trajectory(this, timesteps, conditions, rows, nullRow);

    public override void Dispose() => engine.Dispose();

    /// <summary>What enters the blocks: all modulations, (N, parts D), or the condition's tokens, (N, M, D).</summary>
    private Tensor Embed(Tensor t, TCondition condition)
    {
        using var scope = NewDisposeScope();
        var embedded = embed(t, condition);
        return (steps.Modulations.Count == 0 ? embedded.contiguous() : Modulate(nn.functional.silu(embedded))).MoveToOuterDisposeScope();
    }

    // Written next to each other at once: a list that is joined at the end would need them twice.
    private Tensor Modulate(Tensor c)
    {
        var all = empty([c.shape[0], steps.ModulationLength], c.dtype, c.device);
        long at = 0;
        foreach (var layer in steps.Modulations)
        {
            using var scope = NewDisposeScope();
            var values = layer.call(c);
            all.narrow(1, at, values.shape[1]).copy_(values);
            at += values.shape[1];
        }
        return all;
    }

    /// <summary>What enters the blocks is computed for as many steps at once as fit in some memory: the layers then read their weights once for all of these.</summary>
    private sealed class Trajectory(SteppedSession<TCondition> session, Tensor timesteps, TCondition conditions, int[] rows, int? nullRow) : SessionTrajectory
    {
        private const long Budget = 48L << 20; // bytes

        private readonly int distinct = rows.Append(nullRow ?? 0).Max() + 1;
        private readonly int[] both = nullRow is { } none ? [.. rows, .. Enumerable.Repeat(none, rows.Length)] : rows;
        private Tensor? entering; // (steps of a chunk x distinct, ...)
        private int chunk = -1;

        private int StepsAtOnce => (int)Math.Clamp(Budget / (sizeof(float) * Math.Max(1L, session.steps.ModulationLength + (long)session.steps.ContextTokens * session.steps.Card.Width) * distinct), 1, timesteps.shape[0]);

        public override Tensor Predict(Tensor x, int step) => Run(x, step, rows);

        public override Tensor PredictGuided(Tensor x, int step, double scale, GuidanceChannels channels)
        {
            using var scope = NewDisposeScope();
            var halves = Run(x, step, both).chunk(2); // 2 x (N, C or 2 C, Y, X)
            return Guidance.Combine(conditional: halves[0], unconditional: halves[1], scale, channels, session.steps.Card.Input.Channels).MoveToOuterDisposeScope();
        }

        private Tensor Run(Tensor x, int step, int[] passes)
        {
            Guard.Input(session.steps.Card.Name, nameof(x), x, session.steps.Card.Input, session.steps.Positions);
            if (x.shape[0] != rows.Length)
                throw new DitException($"{session.steps.Card.Name}: x holds {x.shape[0]} samples, and conditions were given for {rows.Length}.");
            using var scope = NewDisposeScope();
            return session.engine.Run(x, Entering(step), passes).MoveToOuterDisposeScope();
        }

        private Tensor Entering(int step)
        {
            var size = StepsAtOnce;
            if (step / size != chunk)
            {
                entering?.Dispose();
                entering = Compute(step / size * size, size).DetachFromDisposeScope();
                chunk = step / size;
            }
            return Part(step % size);
        }

        private Tensor Part(int index) => (entering ?? throw new InvalidOperationException("Nothing was computed.")).narrow(0, (long)index * distinct, distinct);

        private Tensor Compute(int first, int count)
        {
            using var scope = NewDisposeScope();
            var steps = Math.Min(count, timesteps.shape[0] - first);
            var t = timesteps.narrow(0, first, steps).repeat_interleave(distinct);
            var repeated = conditions.Select(tensor => tensor.repeat([steps, .. Enumerable.Repeat(1L, (int)tensor.dim() - 1)]));
            return session.Embed(t, repeated).MoveToOuterDisposeScope();
        }

        public override void Dispose() => entering?.Dispose();
    }
}
