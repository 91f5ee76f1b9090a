using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A model's prediction under classifier-free guidance.</summary>
internal delegate Tensor GuidedPrediction<in TCondition>(Tensor x, Tensor t, TCondition condition, double scale, GuidanceChannels channels);

/// <summary>A session that calls the model: for models that are written by hand, and for those whose hooks are to be called.</summary>
/// <param name="model">The model; it stays the caller's.</param>
/// <param name="guided">Its own prediction under guidance; null for one pass over the batch twice.</param>
/// <param name="engine">What it is called.</param>
internal sealed class ForwardSession<TCondition>(IConditionedOn<TCondition> model, GuidedPrediction<TCondition>? guided = null, string engine = "the model's forward") : InferenceSession<TCondition>
    where TCondition : ICondition<TCondition>
{
    private readonly IConditionedOn<TCondition> model = model;
    private readonly GuidedPrediction<TCondition>? guided = guided;

    public override string Engine => engine;

    public override long PackedBytes => 0;

    public override Tensor Forward(Tensor x, Tensor t, TCondition condition)
    {
        using var noGradient = no_grad();
        return model.Predict(x, t, condition);
    }

    internal override bool IsOf(nn.Module model) => ReferenceEquals(this.model, model);

    internal override SessionTrajectory Follow(Tensor timesteps, TCondition conditions, int[] rows, int? nullRow) => new Trajectory(this, timesteps, conditions, rows, nullRow);

    public override void Dispose() { } // the model is the caller's

    private sealed class Trajectory(ForwardSession<TCondition> session, Tensor timesteps, TCondition conditions, int[] rows, int? nullRow) : SessionTrajectory
    {
        public override Tensor Predict(Tensor x, int step) => Call(x, step, rows, session.model.Predict);

        public override Tensor PredictGuided(Tensor x, int step, double scale, GuidanceChannels channels)
        {
            if (session.guided is { } guided) return Call(x, step, rows, (input, t, condition) => guided(input, t, condition, scale, channels));
            if (nullRow is not { } none) throw new DitException("A model that is conditioned on nothing cannot be guided.");
            using var scope = NewDisposeScope();
            var halves = Call(cat([x, x]), step, [.. rows, .. Enumerable.Repeat(none, rows.Length)], session.model.Predict).chunk(2); // 2 x (N, C or 2 C, Y, X)
            return Guidance.Combine(conditional: halves[0], unconditional: halves[1], scale, channels, (int)x.shape[1]).MoveToOuterDisposeScope();
        }

        public override void Dispose() { }

        private Tensor Call(Tensor x, int step, int[] passes, Func<Tensor, Tensor, TCondition, Tensor> predict)
        {
            using var scope = NewDisposeScope();
            var index = tensor(Array.ConvertAll(passes, static row => (long)row), device: x.device);
            var t = timesteps.narrow(0, step, 1).expand(passes.Length);
            return predict(x, t, conditions.Select(values => values.index_select(0, index))).MoveToOuterDisposeScope();
        }
    }
}
