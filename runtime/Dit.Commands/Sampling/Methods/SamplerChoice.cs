using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>The sampler that a command line asks for: one that the spec declares, or a method with its
/// settings.</summary>
/// <typeparam name="TModel">The model.</typeparam>
/// <typeparam name="TCondition">What it is conditioned on.</typeparam>
/// <typeparam name="TProcess">Its process.</typeparam>
/// <param name="Word">What <c>--sampler</c> takes for it.</param>
/// <param name="Sampler">The sampler.</param>
internal sealed record SamplerChoice<TModel, TCondition, TProcess>(string Word, Sampler<TModel, TCondition, TProcess> Sampler)
    where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
    where TCondition : ICondition<TCondition>
    where TProcess : IProcess
{
    private static string Name => TModel.Card.Name;

    /// <summary>The sampler that is asked for; where none is, the first of the spec.</summary>
    /// <exception cref="DitException">
    /// There is no such sampler, it does not fit the model's process, or a number or setting is not one of it.
    /// </exception>
    public static SamplerChoice<TModel, TCondition, TProcess> Of(SampleRequest request)
    {
        var declared = TModel.AllSamplers;
        var word = request.Sampler ?? declared.FirstOrDefault()?.Name ?? throw new DitException($"The spec of {Name} declares no sampler.");
        if (declared.FirstOrDefault(sampler => string.Equals(sampler.Name, word, StringComparison.OrdinalIgnoreCase)) is { } chosen)
        {
            if (request.Settings.Given.Keys.FirstOrDefault() is { } setting)
                throw new DitException(
                    $"{setting.Option} is a setting of a method, such as --sampler {MethodWith(setting)}, and {chosen.Name} is a sampler "
                        + $"of the spec, with the settings that it has there: leave {setting.Option} out.");
            return new(chosen.Name, request.Steps is { } steps ? WithSteps(chosen, steps) : chosen);
        }
        if (SamplingMethods<TProcess>.Find(word) is { } method) return new(method.Card.Word, OfMethod(method, request));
        string[] methods = [.. SamplingMethods<TProcess>.Fitting.Select(static fitting => fitting.Card.Word)];
        string[] names = [.. declared.Select(static sampler => sampler.Name)];
        throw new DitException(
            $"{Name} has no sampler '{word}'"
                + (DidYouMean.Suggest(word, [.. names, .. methods])
                    ?? $"; it has {string.Join(", ", names)}, and the methods {string.Join(", ", methods)}."));
    }

    /// <summary>A method with the steps and settings that are asked for.</summary>
    /// <exception cref="DitException">It does not fit the model's process, or a number or setting is not one of
    /// it.</exception>
    public static Sampler<TModel, TCondition, TProcess> OfMethod(SamplingMethod<TProcess> method, SampleRequest request)
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
                ? Made(card.Word, create(request.Settings with { Clip = TModel.Card.IsPixelSpace }))
                : throw ChoosesSteps(card.Word);
        var settings = request.Settings with { Steps = request.Steps ?? usual, Clip = TModel.Card.IsPixelSpace };
        var solver = create(settings);
        if (solver is FixedStepSolver<TProcess> few && few.StepsRange(TModel.Process) is var (fewest, most)
            && (settings.Steps < fewest || settings.Steps > most))
            return request.Steps is { } asked
                ? throw OutOfRange(asked, fewest, most)
                : Made($"{card.Word}-{most}", create(settings with { Steps = most }));
        return Made($"{card.Word}-{settings.Steps}", solver);
    }

    // What the process does not allow is found before anything large is read.
    private static Sampler<TModel, TCondition, TProcess> Made(string name, Solver<TProcess> solver)
    {
        _ = solver.Times(TModel.Process);
        return new(name, solver);
    }

    private static Sampler<TModel, TCondition, TProcess> WithSteps(Sampler<TModel, TCondition, TProcess> chosen, int steps) =>
        chosen.StepsRange is not var (fewest, most) ? throw ChoosesSteps(chosen.Name)
        : steps >= fewest && steps <= most ? chosen.WithSteps(steps)
        : throw OutOfRange(steps, fewest, most);

    private static DitException ChoosesSteps(string name) => new($"The sampler {name} chooses its steps as it goes: leave --steps out.");

    private static DitException OutOfRange(int steps, int fewest, int most) => new(
        most == int.MaxValue
            ? $"--steps {steps} is out of range: this sampler takes {Amount.Of(fewest, "step")} or more."
            : $"--steps {steps} is out of range: {Name} is sampled in {fewest} to {most} steps.");

    private static string MethodWith(MethodSetting setting) =>
        SamplingMethods<TProcess>.Fitting.FirstOrDefault(method => method.Card.Settings.Contains(setting))?.Card.Word ?? "dpm-solver++";
}
