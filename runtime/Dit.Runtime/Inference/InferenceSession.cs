using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A model made ready for inference: the same prediction as its <c>forward</c>, to float rounding, without
/// gradients and faster.</summary>
/// <remarks>
/// On the processor and in float32 the weights of the blocks are copied and packed for the kernels; the embedders, and
/// the layers that regress shifts,
/// scales and gates, stay the model's own, as all weights do elsewhere. So when weights have changed, make another, and
/// keep the model while a session of it
/// is used. Samplers make one for each call and dispose it, unless they are given one.
/// <para>
/// Threads may share a session, each with tensors of its own: they wait for each other, step by step, and each gets the
/// bytes that it would get alone. The model's own
/// <c>forward</c> may be called by several threads as well, as long as none changes the model.
/// </para>
/// <para>
/// A session does not run the model's layers one by one. So while the model or a layer of it has a forward hook or a
/// forward pre-hook, predictions go through the
/// model's <c>forward</c> instead, at its speed, and <see cref="Engine"/> says so. Hooks are looked up when a
/// prediction or a sampler's loop begins.
/// </para>
/// </remarks>
/// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
public abstract class InferenceSession<TCondition> : IDisposable
    where TCondition : ICondition<TCondition>
{
    private protected InferenceSession() { }

    /// <summary>How it computes, for instance <c>AVX-512, Strassen, 2 threads</c>.</summary>
    public abstract string Engine { get; }

    /// <summary>Bytes of packed weights: what it takes besides the model.</summary>
    public abstract long PackedBytes { get; }

    /// <summary>The model's prediction.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, (N,).</param>
    /// <param name="condition">The condition of N samples.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    /// <exception cref="DitException">A shape, type or device is not the model's, or a label on the CPU is none of its
    /// classes.</exception>
    public abstract Tensor Forward(Tensor x, Tensor t, TCondition condition);

    /// <summary>Whether it was created by this model.</summary>
    internal abstract bool BelongsTo(nn.Module model);

    /// <summary>Binds the conditions of a batch.</summary>
    /// <param name="conditions">The conditions of N samples.</param>
    /// <param name="times">
    /// Times that are known to be asked for: what depends on the time and the condition alone is computed for many of
    /// these at once. Other
    /// times are computed when they are asked for.
    /// </param>
    internal abstract BoundSession Bind(ConditionRows<TCondition> conditions, IReadOnlyList<double> times);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>Creates sessions; generated code calls it.</summary>
public static class InferenceSession
{
    /// <summary>A session that calls the model: for networks whose steps no engine can run.</summary>
    /// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="predict">Its prediction, of x, t and a condition.</param>
    /// <param name="because">Why no engine runs it, for <see cref="InferenceSession{TCondition}.Engine"/>.</param>
    /// <param name="card">The model at the image size of the session; null for whatever size the model takes.</param>
    /// <returns>A session, the caller's to dispose.</returns>
    public static InferenceSession<TCondition> Of<TCondition>(
        nn.Module model,
        Func<Tensor, Tensor, TCondition, Tensor> predict,
        string because,
        ModelCard? card = null)
        where TCondition : ICondition<TCondition> =>
        new ForwardSession<TCondition>(model, predict, $"the model's forward: {because}", card);
}

/// <summary>A session bound to the conditions of a batch of N samples.</summary>
internal abstract class BoundSession : IDisposable
{
    /// <summary>The prediction at a time under the conditions, (N, C or 2 C, Y, X).</summary>
    public abstract Tensor Predict(Tensor x, double t);

    /// <summary>The predictions at a time under the conditions and then under the null condition, (2 N, C or 2 C, Y,
    /// X).</summary>
    public abstract Tensor PredictBoth(Tensor x, double t);

    public abstract void Dispose();
}
