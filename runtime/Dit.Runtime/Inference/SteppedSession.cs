using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A session of steps, run by the engine for the model's device and type; while somebody listens to the model,
/// by the model itself.</summary>
internal sealed class SteppedSession<TCondition> : InferenceSession<TCondition>
    where TCondition : ICondition<TCondition>
{
    private const string HookedEngine = "the model's forward, which calls its hooks";

    private readonly SessionSteps steps;
    private readonly Func<Tensor, TCondition, Tensor> embed;
    private readonly ForwardSession<TCondition>? forward;
    private readonly nn.Module? model;
    private readonly StepEngine engine;
    private readonly Func<TCondition, (Tensor Tokens, Tensor? Mask)>? attend;

    /// <param name="steps">The steps.</param>
    /// <param name="embed">Embeds times, (N,), and conditions.</param>
    /// <param name="model">The model, whose hooks count; null for a session without one.</param>
    /// <param name="predict">The model's own prediction, which calls its hooks.</param>
    /// <param name="attend">
    /// The tokens that blocks attend to beside a modulation, and their mask; null for none.
    /// </param>
    public SteppedSession(
        SessionSteps steps, Func<Tensor, TCondition, Tensor> embed, nn.Module? model, Func<Tensor, Tensor, TCondition, Tensor>? predict,
        Func<TCondition, (Tensor Tokens, Tensor? Mask)>? attend)
        : this(
            steps,
            embed,
            model,
            model is null || predict is null ? null : new(model, predict, HookedEngine, steps.Card),
            attend,
            StepEngine.For(steps, EnvironmentKernels.Choice))
    { }

    private SteppedSession(
        SessionSteps steps,
        Func<Tensor, TCondition, Tensor> embed,
        nn.Module? model,
        ForwardSession<TCondition>? forward,
        Func<TCondition, (Tensor Tokens, Tensor? Mask)>? attend,
        StepEngine engine
    ) => (this.steps, this.embed, this.model, this.forward, this.attend, this.engine) = (steps, embed, model, forward, attend, engine);

    /// <summary>The same session on another engine: tests compare them.</summary>
    internal SteppedSession<TCondition> On(Func<SessionSteps, StepEngine> other) => new(steps, embed, model, forward, attend, other(steps));

    // Looked up for each call: hooks come and go while a session is kept.
    private ForwardSession<TCondition>? Hooked => model is not null && ForwardHooks.IsAnyIn<TCondition>(model) ? forward : null;

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
        var embedded = Embed(t, condition);
        using var attended = Attend(condition);
        return steps.Finish(engine.Run(x, embedded, rows, attended)).MoveToOuterDisposeScope();
    }

    internal override bool BelongsTo(nn.Module model) => model.children().Contains(steps.Patches);

    internal override BoundSession Bind(ConditionRows<TCondition> conditions, IReadOnlyList<double> times) =>
        Hooked?.Bind(conditions, times) ?? new Bound(this, conditions, [.. times]);

    public override void Dispose()
    {
        engine.Dispose();
        foreach (var made in steps.Owned) made.Dispose();
    }

    /// <summary>What enters the blocks: all modulations, (N, parts D), or the condition's tokens, (N, M, D).</summary>
    private Tensor Embed(Tensor t, TCondition condition)
    {
        using var scope = NewDisposeScope();
        var embedded = embed(t, condition);
        return (
            steps.Modulations.Count == 0 ? steps.Placed(embedded).contiguous() : Modulate(embedded)
        ).MoveToOuterDisposeScope();
    }

    // Written next to each other at once: a list that is joined at the end would need them twice.
    private Tensor Modulate(Tensor c)
    {
        var (active, shared) = (nn.functional.silu(c), new Dictionary<nn.Module, Tensor>());
        foreach (var layer in steps.Modulations.OfType<SessionModulation.Shared>().Select(static part => part.Layer).Distinct())
            shared.Add(layer, layer.call(active));
        var all = empty([c.shape[0], steps.ModulationLength], c.dtype, c.device);
        long at = 0;
        foreach (var part in steps.Modulations)
        {
            using var scope = NewDisposeScope();
            var values = part switch
            {
                SessionModulation.Regressed regressed => regressed.Layer.call(active),
                SessionModulation.Shared one => Functional.AddTable(shared[one.Layer], one.Table),
                SessionModulation.Own own => Functional.AddTable(c, own.Table),
                _ => throw new InvalidOperationException($"Unknown modulation {part}."),
            };
            all.narrow(1, at, values.shape[1]).copy_(values);
            at += values.shape[1];
        }
        return all;
    }

    // What blocks attend to under some conditions; null for nothing.
    private AttendedTokens? Attend(TCondition condition)
    {
        if (attend is null) return null;
        using var scope = NewDisposeScope();
        var (tokens, mask) = attend(condition);
        return engine.Attend(tokens, mask);
    }

    /// <summary>
    /// The modulation, or the tokens of the condition, of the times that are known is computed for as many of them at
    /// once as fit in some
    /// memory: the layers then read their weights once for all of these. That of a different time is computed when it
    /// is asked for.
    /// </summary>
    private sealed class Bound(SteppedSession<TCondition> session, ConditionRows<TCondition> conditions, double[] known) : BoundSession
    {
        private const long Budget = 48L << 20; // bytes

        private readonly int[] rows = conditions.Rows;
        private readonly int distinct = conditions.Rows.Concat(conditions.NullRows ?? []).Append(0).Max() + 1;
        private readonly int[] both = [.. conditions.Rows, .. conditions.NullRows ?? []];
        private Tensor? modulation; // (times of a chunk x distinct, ...)
        private AttendedTokens? attended; // of the distinct conditions, at all times
        private double[] computed = []; // the times of the chunk

        private int TimesAtOnce
        {
            get
            {
                var tokens = session.steps.IsContextFixed ? 0 : session.steps.ContextTokens;
                var numbers = session.steps.ModulationLength + (long)tokens * session.steps.Card.Width;
                return (int)Math.Clamp(Budget / (sizeof(float) * Math.Max(1L, numbers) * distinct), 1, Math.Max(1, known.Length));
            }
        }

        public override Tensor Predict(Tensor x, double t) => Run(x, t, rows);

        public override Tensor PredictBoth(Tensor x, double t) => conditions.NullRows is not null
            ? Run(x, t, both)
            : throw new DitException("Guidance needs a null condition, and none was bound.");

        private Tensor Run(Tensor x, double t, int[] passes)
        {
            Guard.Input(session.steps.Card.Name, nameof(x), x, session.steps.Card.Input, session.steps.Positions);
            if (x.shape[0] != rows.Length)
                throw new DitException(
                    $"{session.steps.Card.Name}: x holds {x.shape[0]} samples, and conditions were given for {rows.Length}.");
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var modulation = Modulation(t);
            attended ??= session.Attend(conditions.Values);
            return session.steps.Finish(session.engine.Run(x, modulation, passes, attended)).MoveToOuterDisposeScope();
        }

        private Tensor Modulation(double t)
        {
            var index = Array.IndexOf(computed, t);
            if (index < 0 || modulation is null)
            {
                modulation?.Dispose();
                computed = ChunkOf(t);
                modulation = Compute(computed).DetachFromDisposeScope();
                index = Array.IndexOf(computed, t);
            }
            return modulation.narrow(0, (long)index * distinct, distinct);
        }

        // Chunks lie at fixed places, so that the numbers do not depend on which of their times comes first.
        private double[] ChunkOf(double t)
        {
            var (at, size) = (Array.IndexOf(known, t), TimesAtOnce);
            return at < 0 ? [t] : known[(at / size * size)..Math.Min(known.Length, at / size * size + size)];
        }

        private Tensor Compute(double[] times)
        {
            using var scope = NewDisposeScope();
            var t = ProcessMath.ToTensor(times, session.steps.Positions.device).repeat_interleave(distinct);
            var repeated = conditions.Values.Map(tensor => tensor.repeat([times.Length, .. Enumerable.Repeat(1L, (int)tensor.dim() - 1)]));
            return session.Embed(t, repeated).MoveToOuterDisposeScope();
        }

        public override void Dispose()
        {
            modulation?.Dispose();
            attended?.Dispose();
        }
    }
}
