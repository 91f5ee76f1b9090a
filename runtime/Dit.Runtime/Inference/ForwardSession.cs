using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A session that calls the model: for models that are written by hand, and for those whose hooks are to be
/// called.</summary>
/// <param name="model">The model; it stays the caller's.</param>
/// <param name="predict">Its prediction, of x, t and a condition.</param>
/// <param name="engine">What it is called.</param>
/// <param name="card">The model at the image size of the session; null for whatever size the model takes.</param>
internal sealed class ForwardSession<TCondition>(
    nn.Module model,
    Func<Tensor, Tensor, TCondition, Tensor> predict,
    string engine = "the model's forward",
    ModelCard? card = null) : InferenceSession<TCondition>
    where TCondition : ICondition<TCondition>
{
    private readonly nn.Module model = model;
    private readonly Func<Tensor, Tensor, TCondition, Tensor> predict = card is null ? predict : (x, t, condition) =>
    {
        Guard.Input(card.Name, nameof(x), x, card.Input);
        return predict(x, t, condition);
    };

    public override string Engine => engine;

    public override long PackedBytes => 0;

    public override Tensor Forward(Tensor x, Tensor t, TCondition condition)
    {
        using var noGradient = no_grad();
        return this.predict(x, t, condition);
    }

    internal override bool BelongsTo(nn.Module model) => ReferenceEquals(this.model, model);

    internal override BoundSession Bind(ConditionRows<TCondition> conditions, IReadOnlyList<double> times) =>
        new Bound(this.predict, conditions);

    public override void Dispose() { } // the model is the caller's

    private sealed class Bound(Func<Tensor, Tensor, TCondition, Tensor> predict, ConditionRows<TCondition> conditions) : BoundSession
    {
        public override Tensor Predict(Tensor x, double t) => Call(x, t, conditions.Rows);

        public override Tensor PredictBoth(Tensor x, double t)
        {
            if (conditions.NullRows is not { } none) throw new DitException("Guidance needs a null condition, and none was bound.");
            using var twice = cat([x, x]);
            return Call(twice, t, [.. conditions.Rows, .. none]);
        }

        public override void Dispose() { }

        private Tensor Call(Tensor x, double t, int[] passes)
        {
            using var scope = NewDisposeScope();
            var times = ProcessMath.ToTensor([t], x.device).expand(passes.Length);
            return predict(x, times, conditions.Values.At(passes)).MoveToOuterDisposeScope();
        }
    }
}
