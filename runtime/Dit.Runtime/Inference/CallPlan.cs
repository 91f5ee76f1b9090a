using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A model's prediction under classifier-free guidance.</summary>
internal delegate Tensor GuidedPrediction<in TCondition>(Tensor x, Tensor t, TCondition condition, double scale, GuidanceChannels channels);

/// <summary>A plan that calls the model: for models that are written by hand.</summary>
internal sealed class CallPlan<TCondition>(IConditionedOn<TCondition> model, GuidedPrediction<TCondition>? guided = null) : InferencePlan<TCondition>
    where TCondition : ICondition<TCondition>
{
    private readonly IConditionedOn<TCondition> model = model;
    private readonly GuidedPrediction<TCondition>? guided = guided;

    public override string Engine => "the model's forward";

    public override long PackedBytes => 0;

    public override Tensor Forward(Tensor x, Tensor t, TCondition condition)
    {
        using var noGradient = no_grad();
        return model.Predict(x, t, condition);
    }

    internal override bool IsOf(nn.Module model) => ReferenceEquals(this.model, model);

    internal override PlanTrajectory Follow(Tensor timesteps, TCondition conditions, int[] rows, int? nullRow) => new Trajectory(this, timesteps, conditions, rows);

    public override void Dispose() { } // the model is the caller's

    private sealed class Trajectory(CallPlan<TCondition> plan, Tensor timesteps, TCondition conditions, int[] rows) : PlanTrajectory
    {
        public override Tensor Predict(Tensor x, int step) => Call(x, step, plan.model.Predict);

        public override Tensor PredictGuided(Tensor x, int step, double scale, GuidanceChannels channels) => plan.guided is { } guided
            ? Call(x, step, (x, t, condition) => guided(x, t, condition, scale, channels))
            : throw new DitException("A model that is conditioned on nothing cannot be guided.");

        public override void Dispose() { }

        private Tensor Call(Tensor x, int step, Func<Tensor, Tensor, TCondition, Tensor> predict)
        {
            using var scope = NewDisposeScope();
            var index = tensor(Array.ConvertAll(rows, static row => (long)row), device: x.device);
            var t = timesteps.narrow(0, step, 1).expand(rows.Length);
            return predict(x, t, conditions.Select(values => values.index_select(0, index))).MoveToOuterDisposeScope();
        }
    }
}
