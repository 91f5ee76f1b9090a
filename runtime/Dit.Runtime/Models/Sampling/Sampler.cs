using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A named sampler, whatever its model: its name and what it costs.
/// <see cref="Sampler{TModel, TCondition, TProcess}"/> draws.</summary>
public abstract class Sampler
{
    private protected Sampler(string name) => Name = name;

    /// <summary>The name in the spec file, for instance <c>ddpm-250</c>.</summary>
    public string Name { get; }

    /// <summary>The solver's name, for instance <c>ddim</c>.</summary>
    public abstract string Method { get; }

    /// <summary>Steps from noise to data; null for a solver that chooses them as it goes.</summary>
    public abstract int? Steps { get; }

    /// <summary>Calls of the network per sample, two passes each where guidance acts; null for a solver that adapts its
    /// steps.</summary>
    public abstract int? Evaluations { get; }

    /// <summary>The fewest and the most steps that <see cref="WithSteps"/> takes; null for a solver that chooses its
    /// steps.</summary>
    public abstract (int Fewest, int Most)? StepsRange { get; }

    /// <summary>The same solver with a different number of steps.</summary>
    /// <exception cref="DitException">It is outside <see cref="StepsRange"/>, or the solver chooses its
    /// steps.</exception>
    public abstract Sampler WithSteps(int steps);
}

/// <summary>A named sampler of <typeparamref name="TModel"/>: it takes no other model, and no other
/// condition.</summary>
/// <remarks>
/// Threads may draw from one model at the same time, with one session or with sessions of their own, as long as none
/// changes the model: each
/// gets the bytes that it would get alone. While the model or a layer of it has a forward hook, sampling goes through
/// the model's
/// <c>forward</c>, which calls it (<see cref="InferenceSession{TCondition}.Engine"/>).
/// </remarks>
/// <typeparam name="TModel">A generated model.</typeparam>
/// <typeparam name="TCondition">What it is conditioned on.</typeparam>
/// <typeparam name="TProcess">The process it is trained for.</typeparam>
public sealed class Sampler<TModel, TCondition, TProcess> : Sampler
    where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
    where TCondition : ICondition<TCondition>
    where TProcess : IProcess
{
    /// <summary>A sampler of the model's own process.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="solver">How it steps.</param>
    /// <exception cref="DitException">The process does not allow so many steps.</exception>
    public Sampler(string name, Solver<TProcess> solver) : base(name)
    {
        Loop = new(name, solver, TModel.Process);
        if (Steps is { } steps && StepsRange is var (fewest, most) && (steps < fewest || steps > most))
            throw new DitException(
                $"The sampler {name} cannot take {steps} for its number of steps: its process allows {fewest} to {most}.");
    }

    /// <summary>The loop itself, for a denoiser or noise of your own.</summary>
    public SamplingLoop<TProcess> Loop { get; }

    /// <summary>How it steps.</summary>
    public Solver<TProcess> Solver => Loop.Solver;

    /// <inheritdoc/>
    public override string Method => Solver.Method;

    /// <inheritdoc/>
    public override int? Steps => Loop.Steps;

    /// <inheritdoc/>
    public override int? Evaluations => Solver.EvaluationsFor(TModel.Process);

    /// <inheritdoc/>
    public override (int Fewest, int Most)? StepsRange => Loop.StepsRange;

    /// <inheritdoc/>
    /// <remarks><c>ddpm-250</c> becomes <c>ddpm-50</c>; a name that does not end with the number of steps is
    /// kept.</remarks>
    public override Sampler<TModel, TCondition, TProcess> WithSteps(int steps)
    {
        var (name, solver) = Loop.WithSteps(steps);
        return new(name, solver);
    }

    /// <summary>Draws samples, one for each entry of the condition.</summary>
    /// <param name="model">The model.</param>
    /// <param name="condition">The condition of N samples, on any device; it stays the caller's.</param>
    /// <param name="guidance">Classifier-free guidance: a scale, or a <see cref="Guidance"/> with channels and
    /// interval. None by default.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation, a session, a start and the like.</param>
    /// <returns>Samples in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite: which, from which step on, and which
    /// weight of the model is the cause.</exception>
    /// <exception cref="DitException">The condition or a number is not one of the model, or the session belongs to a
    /// different model.</exception>
    public Tensor Sample(
        TModel model,
        TCondition condition,
        Guidance? guidance = null,
        long seed = 0,
        SamplingOptions<TCondition>? options = null)
    {
        options ??= new();
        var card = TModel.Card.At(options.Size);
        return With(model, condition, guidance ?? Guidance.None, options, (denoise, device) =>
        {
            options.Cancellation.ThrowIfCancellationRequested();
            using var keyed = options.Noise is null
                ? new KeyedNoise(seed, options.FirstIndex, condition.Count, card.Input, device)
                : null;
            var source = options.Noise ?? keyed ?? throw new InvalidOperationException("There is no noise.");
            // A seed's first noise is the start's, whether it is used or not: then the others are the same ones.
            using var drawn = options.Start is null || keyed is not null ? source.Next() : null;
            using var start = options.Start is { } given
                ? Images(card, "start", given, condition.Count, device)
                : Images(card, "the noise of the start", drawn, condition.Count, device);
            return Loop.Sample(denoise, source, options.Progress, options.Cancellation, options.Observe, start);
        });
    }

    /// <summary>Finds the noise that leads to these samples (for DDIM, arXiv 2010.02502, section 4.3).</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples, (N, C, Y, X).</param>
    /// <param name="condition">Their condition; it stays the caller's.</param>
    /// <param name="guidance">Classifier-free guidance; none by default.</param>
    /// <param name="options">Progress, cancellation, a session. An inversion starts from the samples and draws no
    /// noise.</param>
    /// <returns>Noise in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">
    /// The solver is not deterministic, the options hold a start or noise, a shape or number is out of range, or the
    /// session belongs to a
    /// different model.
    /// </exception>
    public Tensor Invert(
        TModel model, Tensor samples, TCondition condition, Guidance? guidance = null, SamplingOptions<TCondition>? options = null)
    {
        options ??= new();
        if (options.Start is not null || options.Noise is not null)
            throw new DitException(
                $"{Name}: an inversion starts from the samples and draws no noise: leave Start and Noise out of the options.");
        var card = TModel.Card.At(options.Size);
        return With(model, condition, guidance ?? Guidance.None, options, (denoise, device) =>
        {
            using var x0 = Images(card, nameof(samples), samples, condition.Count, device);
            return Loop.Invert(denoise, x0, options.Progress, options.Cancellation, options.Observe);
        });
    }

    /// <summary>Binds the condition and guidance to the model, and runs with the network that results.</summary>
    /// <remarks>Generated models have no mode: training or not, they compute the same.</remarks>
    private Tensor With(
        TModel model, TCondition condition, Guidance guidance, SamplingOptions<TCondition> options, Func<Denoiser, Device, Tensor> run)
    {
        var (card, process) = (TModel.Card, Loop.Process);
        guidance.Require(card, hasNegative: options.Negative is not null);
        if (options.Session?.BelongsTo(model) == false)
            throw new DitException(
                $"The session is of another model: sample with the one that this {card.Name}'s CreateSession() makes, or with none.");
        var parameter = model.parameters().First();
        var (dtype, device) = (parameter.dtype, parameter.device);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var conditions = guidance.Acts && options.Negative is { } negative
            ? NegativeCondition.Bind(condition, negative, card, device)
            : condition.Distinct(card, device, withNull: guidance.Acts);
        using var own = options.Session is null ? model.CreateSession(options.Size) : null;
        var session = options.Session ?? own ?? throw new InvalidOperationException("There is no session.");
        using var bound = session.Bind(conditions, Solver.Times(process));
        using var guided = new GuidanceRun(guidance, process);
        try
        {
            return run(Denoise, device).MoveToOuterDisposeScope();
        }
        catch (NonFiniteSampleException e)
        {
            throw e.Of(card, NonFiniteReason.Of(model, conditions.Values, e));
        }

        Tensor Denoise(Tensor x, double t)
        {
            using var input = x.to(dtype);
            if (!guided.ActsAt(t)) return bound.Predict(input, t);
            using var both = NewDisposeScope();
            var halves = bound.PredictBoth(input, t).chunk(2); // 2 x (N, C or 2 C, Y, X)
            return guided.Combine(conditional: halves[0], unconditional: halves[1], x, t).MoveToOuterDisposeScope();
        }
    }

    /// <summary>Images that were handed in, in float32 on the model's device.</summary>
    /// <exception cref="DitException">They are not of the model's shape, not one for each sample, or not of real
    /// numbers.</exception>
    private static Tensor Images(ModelCard card, string argument, Tensor? images, int count, Device device)
    {
        var (channels, height, width) = card.Input;
        if (
            images is null
            || images.shape is not [var n, var c, var y, var x]
            || (n, c, y, x) != (count, channels, height, width)
            || count < 1)
            throw new DitException(
                $"{card.Name}: {argument} must have the shape ({Math.Max(1, count)}, {channels}, {height}, {width}), one for each sample, "
                + $"but has ({string.Join(", ", images?.shape ?? [])}).");
        if (!images.is_floating_point())
            throw new DitException($"{card.Name}: {argument} must be of real numbers, but is of type {images.dtype}.");
        return images.to(ScalarType.Float32, device);
    }
}
