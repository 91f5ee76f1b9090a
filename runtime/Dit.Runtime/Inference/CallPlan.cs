using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A plan that calls the model: for models that are written by hand.</summary>
internal sealed class CallPlan<TCondition>(IConditionedOn<TCondition> model) : InferencePlan<TCondition>
    where TCondition : ICondition<TCondition>
{
    public override string Engine => "the model's forward";

    public override long PackedBytes => 0;

    public override Tensor Forward(Tensor x, Tensor t, TCondition condition)
    {
        using var noGradient = no_grad();
        return model.Predict(x, t, condition);
    }

    internal override PlanTrajectory Follow(Tensor timesteps, TCondition conditions, int[] rows, int? nullRow) =>
        new Trajectory(model, timesteps, conditions, rows, nullRow);

    public override void Dispose() { } // the model is the caller's

    private sealed class Trajectory(IConditionedOn<TCondition> model, Tensor timesteps, TCondition conditions, int[] rows, int? nullRow) : PlanTrajectory
    {
        public override Tensor Predict(Tensor x, int step) => Call(x, step, rows);

        public override Tensor PredictBoth(Tensor x, int step)
        {
            using var scope = NewDisposeScope();
            return Call(cat([x, x]), step, [.. rows, .. Enumerable.Repeat(nullRow ?? 0, rows.Length)]).MoveToOuterDisposeScope();
        }

        public override void Dispose() { }

        private Tensor Call(Tensor x, int step, int[] chosen)
        {
            using var scope = NewDisposeScope();
            var index = tensor(Array.ConvertAll(chosen, static row => (long)row), device: x.device);
            var t = timesteps.narrow(0, step, 1).expand(chosen.Length);
            return model.Predict(x, t, conditions.Select(values => values.index_select(0, index))).MoveToOuterDisposeScope();
        }
    }
}
