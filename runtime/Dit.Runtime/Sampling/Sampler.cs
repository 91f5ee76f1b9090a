using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A named sampler, seen without the type of its model: what it is called and does. Only <see cref="Sampler{TModel}"/> and its like draw.</summary>
/// <remarks>
/// Threads may draw from one model at a time, with one session or with sessions of their own, as long as none changes the model: each gets the bytes that it would get alone.
/// While the model or a layer of it has a forward hook, sampling goes through the model's <c>forward</c>, which calls it (<see cref="InferenceSession{TCondition}.Engine"/>).
/// </remarks>
public abstract class Sampler
{
    private protected Sampler(SamplerSettings settings)
    {
        Settings = settings;
        Loop = settings.Loop();
    }

    /// <summary>The name in the spec file, for instance <c>ddpm-250</c>.</summary>
    public string Name => Loop.Name;

    /// <summary>How it steps.</summary>
    public SamplingMethod Method => Loop.Method;

    /// <summary>Steps from noise to data.</summary>
    public int Steps => Loop.Steps;

    /// <summary>Calls of the network per image; under guidance each call is two passes, where it acts.</summary>
    public int Evaluations => Loop.Steps;

    /// <summary>The loop itself, for a denoiser or noise of one's own.</summary>
    public GaussianSampler Loop { get; }

    private protected SamplerSettings Settings { get; }

    /// <summary>The fewest and the most steps that <see cref="WithSteps"/> takes: 2, and the timesteps of the model's process.</summary>
    public (int Fewest, int Most) StepsRange => (SamplerSettings.FewestSteps, Settings.Process.Timesteps);

    /// <summary>The same method at another number of steps.</summary>
    /// <exception cref="DitException">It is outside <see cref="StepsRange"/>.</exception>
    public abstract Sampler WithSteps(int steps);

    /// <summary>Ancestral sampling of the model's own process over evenly spaced timesteps (DDPM; Improved DDPM, section 4).</summary>
    /// <param name="name">The name in the spec file.</param>
    /// <param name="steps">Steps, 2 to the process's timesteps.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for latents.</param>
    /// <exception cref="DitException">The number of steps is out of range.</exception>
    public static Sampler<TModel> Ddpm<TModel>(string name, int steps, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel> =>
        new(SamplerSettings.Ddpm(name, TModel.Diffusion, steps, clipDenoised));

    /// <summary>DDIM of the model's own process over every k-th timestep where a whole k gives exactly so many steps, else over evenly spaced ones.</summary>
    /// <param name="name">The name in the spec file.</param>
    /// <param name="steps">Steps, 2 to the process's timesteps.</param>
    /// <param name="eta">0 is deterministic, 1 has the variance of DDPM.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for latents.</param>
    /// <exception cref="DitException">The number of steps or eta is out of range.</exception>
    public static Sampler<TModel> Ddim<TModel>(string name, int steps, double eta = 0, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel> =>
        new(SamplerSettings.Ddim(name, TModel.Diffusion, steps, eta, clipDenoised));

    /// <summary>Runs <paramref name="run"/> with the network of each timestep, by a session: what depends on the timestep and the condition alone is computed once.</summary>
    /// <remarks>Generated models have no mode: training or not, they compute the same.</remarks>
    private protected Tensor With<TCondition>(
        nn.Module model, ModelCard card, RunSession<TCondition> sessions, Func<Device, SampleConditions<TCondition>> conditionsOn, GuidanceUse guidance, Func<Func<int, Denoiser>, Device, Tensor> run)
        where TCondition : ICondition<TCondition>
    {
        RequireGuidance(card, guidance.Scale);
        if (sessions.Given?.IsOf(model) == false) throw new DitException($"The session is of another model: sample with the one that this {card.Name}'s CreateSession() makes, or with none.");
        var parameter = model.parameters().First();
        var (dtype, device) = (parameter.dtype, parameter.device);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var conditions = conditionsOn(device);
        var timesteps = Loop.Process.OriginalTimesteps([.. Enumerable.Range(0, Steps)], device); // (S,)
        var session = sessions.Given ?? sessions.Make();
        using var own = sessions.Given is null ? session : null;
        using var trajectory = session.Follow(timesteps, conditions.Distinct, conditions.Rows, conditions.NullRow);
        try
        {
            return run(DenoiseAt, device).MoveToOuterDisposeScope();
        }
        catch (NonFiniteSampleException e)
        {
            throw e.Of(card, NonFiniteReason.Of(model, conditions, e));
        }

        Denoiser DenoiseAt(int step) => (x, _) =>
        {
            using var input = x.to(dtype);
            return guidance.ActsAt(step, Loop.Process)
                ? trajectory.PredictGuided(input, step, guidance.Scale, guidance.Channels)
                : trajectory.Predict(input, step);
        };
    }

    /// <summary>Runs the loop from noise to data.</summary>
    /// <param name="denoiseAt">The network at each timestep.</param>
    /// <param name="device">Where it is.</param>
    /// <param name="card">The model.</param>
    /// <param name="count">N.</param>
    /// <param name="from">Where the noise comes from.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="observe">Shown the state after each step.</param>
    private protected Tensor Draw(
        Func<int, Denoiser> denoiseAt, Device device, ModelCard card, int count, NoiseUse from, IProgress<SamplingProgress>? progress, CancellationToken cancellation, Action<SamplingState>? observe)
    {
        cancellation.ThrowIfCancellationRequested();
        using var keyed = from.Source is null ? new KeyedNoise(from.Seed, from.FirstIndex, count, card.Input, device) : null;
        var source = from.Source ?? keyed ?? throw new InvalidOperationException("There is no noise.");
        // A seed's first noise is the start's, whether it is used or not: then the others are the same ones.
        using var drawn = from.Start is null || keyed is not null ? source.Next() : null;
        using var start = from.Start is { } given ? Images(card, "start", given, count, device) : Images(card, "the noise of the start", drawn, count, device);
        return Loop.Sample(denoiseAt, source, progress, cancellation, observe, start);
    }

    /// <summary>Images that were handed in, in float32 on the model's device.</summary>
    /// <exception cref="DitException">They are not of the model's shape, not one for each sample, or not of real numbers.</exception>
    private protected static Tensor Images(ModelCard card, string argument, Tensor? images, int count, Device device)
    {
        var (channels, height, width) = card.Input;
        if (images is null || images.shape is not [var n, var c, var y, var x] || (n, c, y, x) != (count, channels, height, width) || count < 1)
            throw new DitException($"{card.Name}: {argument} must have the shape ({Math.Max(1, count)}, {channels}, {height}, {width}), one for each sample, but has ({string.Join(", ", images?.shape ?? [])}).");
        if (!images.is_floating_point())
            throw new DitException($"{card.Name}: {argument} must be of real numbers, but is of type {images.dtype}.");
        return images.to(ScalarType.Float32, device);
    }

    private protected static void RequireGuidance(ModelCard card, double guidance)
    {
        Guidance.RequireFinite(guidance);
        if (guidance != 1.0 && !card.CanBeGuided)
            throw new DitException($"{card.Name} cannot be guided: its spec has conditioning.dropout 0, so it has no null {(card.Classes > 0 ? "class" : "text")}. Sample with guidance 1.");
    }
}

/// <summary>The conditions of a batch.</summary>
/// <param name="Distinct">Those that differ.</param>
/// <param name="Rows">Which of them each sample has.</param>
/// <param name="NullRow">Which of them is no condition; null where there is no guidance.</param>
internal sealed record SampleConditions<TCondition>(TCondition Distinct, int[] Rows, int? NullRow);

/// <summary>The session of a run.</summary>
/// <param name="Given">The caller's, which stays the caller's; null for one that is made for the run and gone with it.</param>
/// <param name="Make">Makes one.</param>
internal sealed record RunSession<TCondition>(InferenceSession<TCondition>? Given, Func<InferenceSession<TCondition>> Make)
    where TCondition : ICondition<TCondition>;

/// <summary>Where the noise of a run comes from.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="FirstIndex">Index of the first sample in a larger run of the seed.</param>
/// <param name="Start">x_T; null for one that is drawn.</param>
/// <param name="Source">Noise instead of the seed's.</param>
internal sealed record NoiseUse(long Seed, long FirstIndex, Tensor? Start, INoiseSource? Source);

/// <summary>How a run is guided.</summary>
/// <param name="Scale">Guidance scale; 1 is no guidance, one pass per step.</param>
/// <param name="Channels">The channels to guide.</param>
/// <param name="Interval">The noise levels at which guidance acts; null for all.</param>
internal sealed record GuidanceUse(double Scale, GuidanceChannels Channels, GuidanceInterval? Interval)
{
    public static readonly GuidanceUse None = new(1, GuidanceChannels.FirstThree, null);

    /// <summary>Whether there is guidance at all.</summary>
    public bool Acts => Scale != 1;

    /// <summary>Whether it acts at a step of a process.</summary>
    public bool ActsAt(int step, GaussianDiffusion process) => Acts && (Interval is not { } interval || interval.Contains(process.Schedule.SqrtRecipm1AlphasCumprod[step]));
}

/// <summary>What a sampler is, whatever its model.</summary>
/// <param name="Name">The name in the spec file.</param>
/// <param name="Method">How it steps.</param>
/// <param name="Process">The process the model is trained for, in full.</param>
/// <param name="Steps">Steps, 2 to the process's timesteps.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step.</param>
internal sealed record SamplerSettings(string Name, SamplingMethod Method, GaussianDiffusion Process, int Steps, bool ClipDenoised)
{
    /// <summary>A process of one step has no step before it.</summary>
    public const int FewestSteps = 2;

    public static SamplerSettings Ddpm(string name, GaussianDiffusion process, int steps, bool clipDenoised) =>
        new(name, new SamplingMethod.Ddpm(), process, steps, clipDenoised);

    public static SamplerSettings Ddim(string name, GaussianDiffusion process, int steps, double eta, bool clipDenoised) =>
        new(name, new SamplingMethod.Ddim(eta), process, steps, clipDenoised);

    /// <summary><c>ddpm-250</c> becomes <c>ddpm-50</c>; a name that does not end with the number of steps is kept.</summary>
    /// <exception cref="DitException">The number of steps is out of range.</exception>
    public SamplerSettings WithSteps(int steps) => steps < FewestSteps || steps > Process.Timesteps
        ? throw new DitException($"{Name} cannot be made to take {steps} steps: its process allows {FewestSteps} to {Process.Timesteps}.") // of the name that was declared
        : this with
        {
            Name = Name.EndsWith($"-{Steps}", StringComparison.Ordinal) ? $"{Name[..^Steps.ToString().Length]}{steps}" : Name,
            Steps = steps,
        };

    /// <summary>The loop over the respaced process.</summary>
    /// <exception cref="DitException">The number of steps is out of range.</exception>
    public GaussianSampler Loop()
    {
        if (Steps < FewestSteps || Steps > Process.Timesteps)
            throw new DitException($"The sampler {Name} cannot take {Steps} for its number of steps: its process allows {FewestSteps} to {Process.Timesteps}.");
        var respacing = Method.Match(ddpm => Respacing.Even(Steps), ddim => Respacing.StrideOrEven(Steps, Process.Timesteps));
        return new(Name, Method, Process.Respace(respacing), ClipDenoised);
    }
}
