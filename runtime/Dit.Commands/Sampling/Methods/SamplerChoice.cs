using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>What a model can be drawn with: the samplers of its spec, and every method that fits its process.</summary>
/// <typeparam name="TSampler">Its samplers.</typeparam>
/// <typeparam name="TProcess">Its process.</typeparam>
/// <param name="Card">The model.</param>
/// <param name="Process">The process that it is trained for.</param>
/// <param name="Declared">The samplers that the spec declares.</param>
/// <param name="Create">Makes a sampler of a name and a solver.</param>
/// <param name="WithSteps">A sampler with a different number of steps.</param>
internal sealed record SamplerChoice<TSampler, TProcess>(
    ModelCard Card,
    TProcess Process,
    IReadOnlyList<TSampler> Declared,
    Func<string, Solver<TProcess>, TSampler> Create,
    Func<TSampler, int, TSampler> WithSteps)
    where TSampler : Sampler
    where TProcess : IProcess
{
    /// <summary>Whether data is clipped to [-1, 1]: pixels are.</summary>
    public bool Clip { get; init; } = Card.IsPixelSpace;

    private string Name => Card.Name;

    /// <summary>The sampler that is asked for; where none is, the first of the spec.</summary>
    /// <exception cref="DitException">
    /// There is no such sampler, it does not fit the model's process, or a number or setting is not one of it.
    /// </exception>
    /// <returns>What <c>--sampler</c> takes for it, and the sampler.</returns>
    public (string Word, TSampler Sampler) Of(SampleRequest request)
    {
        var word = request.Sampler ?? Declared.FirstOrDefault()?.Name ?? throw new DitException($"The spec of {Name} declares no sampler.");
        if (Declared.FirstOrDefault(sampler => string.Equals(sampler.Name, word, StringComparison.OrdinalIgnoreCase)) is { } chosen)
        {
            if (request.Settings.Given.Keys.FirstOrDefault() is { } setting)
                throw new DitException(
                    $"{setting.Option} is a setting of a method, such as --sampler {MethodWith(setting)}, and {chosen.Name} is a sampler "
                        + $"of the spec, with the settings that it has there: leave {setting.Option} out.");
            return (chosen.Name, request.Steps is { } steps ? Stepped(chosen, steps) : chosen);
        }
        if (SamplingMethods<TProcess>.Find(word) is { } method) return (method.Card.Word, OfMethod(method, request));
        string[] methods = [.. SamplingMethods<TProcess>.Fitting.Select(static fitting => fitting.Card.Word)];
        string[] names = [.. Declared.Select(static sampler => sampler.Name)];
        throw new DitException(
            $"{Name} has no sampler '{word}'"
                + (DidYouMean.Suggest(word, [.. names, .. methods])
                    ?? $"; it has {string.Join(", ", names)}, and the methods {string.Join(", ", methods)}."));
    }

    /// <summary>A method with the steps and settings that are asked for.</summary>
    /// <exception cref="DitException">It does not fit the model's process, or a number or setting is not one of
    /// it.</exception>
    public TSampler OfMethod(SamplingMethod<TProcess> method, SampleRequest request)
    {
        var card = method.Card;
        if (method.Create is not { } create)
            throw new DitException(
                $"{card.Word} is a method for {method.Fits}, and the process of {Name} is {SamplingMethods<TProcess>.Named<TProcess>()}: "
                    + $"take one of {string.Join(", ", SamplingMethods<TProcess>.Fitting.Select(static fitting => fitting.Card.Word))}.");
        if (request.Settings.Given.Keys.FirstOrDefault(setting => !card.Settings.Contains(setting)) is { } foreign)
            throw new DitException(
                $"{card.Word} has no setting {foreign.Option}"
                    + (card.Settings.Count == 0
                        ? ": leave it out."
                        : $"; it has {string.Join(", ", card.Settings.Select(static s => s.Option))}."));
        if (card.Steps is not { } usual)
            return request.Steps is null
                ? Made(card.Word, create(request.Settings with { Clip = Clip }))
                : throw ChoosesSteps(card.Word);
        var settings = request.Settings with { Steps = request.Steps ?? usual, Clip = Clip };
        var solver = create(settings);
        if (solver is FixedStepSolver<TProcess> few && few.StepsRange(Process) is var (fewest, most)
            && (settings.Steps < fewest || settings.Steps > most))
            return request.Steps is { } asked
                ? throw OutOfRange(asked, fewest, most)
                : Made($"{card.Word}-{most}", create(settings with { Steps = most }));
        return Made($"{card.Word}-{settings.Steps}", solver);
    }

    // What the process does not allow is found before anything large is read.
    private TSampler Made(string name, Solver<TProcess> solver)
    {
        _ = solver.Times(Process);
        return Create(name, solver);
    }

    private TSampler Stepped(TSampler chosen, int steps) =>
        chosen.StepsRange is not var (fewest, most) ? throw ChoosesSteps(chosen.Name)
        : steps >= fewest && steps <= most ? WithSteps(chosen, steps)
        : throw OutOfRange(steps, fewest, most);

    private static DitException ChoosesSteps(string name) => new($"The sampler {name} chooses its steps as it goes: leave --steps out.");

    private DitException OutOfRange(int steps, int fewest, int most) => new(
        most == int.MaxValue
            ? $"--steps {steps} is out of range: this sampler takes {Amount.Of(fewest, "step")} or more."
            : $"--steps {steps} is out of range: {Name} is sampled in {fewest} to {most} steps.");

    private static string MethodWith(MethodSetting setting) =>
        SamplingMethods<TProcess>.Fitting.FirstOrDefault(method => method.Card.Settings.Contains(setting))?.Card.Word ?? "dpm-solver++";
}

/// <summary>What a model can be drawn with, by its kind.</summary>
internal static class SamplerChoice
{
    /// <summary>Of a model of images alone.</summary>
    public static SamplerChoice<Sampler<TModel, TCondition, TProcess>, TProcess> Of<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess => new(
            TModel.Card,
            TModel.Process,
            TModel.AllSamplers,
            static (name, solver) => new(name, solver),
            static (sampler, steps) => sampler.WithSteps(steps));

    /// <summary>Of a joint model: pixels are drawn together with embeddings, which are in no such range.</summary>
    public static SamplerChoice<JointSampler<TModel>, GaussianDiffusion> OfJoint<TModel>()
        where TModel : nn.Module, IJointModel<TModel> => new(
            TModel.Card,
            TModel.Process,
            TModel.AllSamplers,
            static (name, solver) => new(name, solver),
            static (sampler, steps) => sampler.WithSteps(steps))
        {
            Clip = false,
        };
}
