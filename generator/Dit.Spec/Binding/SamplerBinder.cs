namespace Dit.Spec;

/// <summary>The <c>samplers</c> mapping: names to methods.</summary>
internal static class SamplerBinder
{
    /// <summary>A process of one step has no step before it.</summary>
    private const int FewestOfDiffusion = 2;

    /// <param name="top">The model's fields.</param>
    /// <param name="legal">The process; steps are checked against it only if it is legal.</param>
    public static Result<EquatableArray<BoundSampler>> Bind(Fields top, Result<ProcessSpec> legal)
    {
        var process = new Process(
            legal.Match(static process => process.Match(static gaussian => (int?)gaussian.Timesteps, static _ => null), static _ => null),
            DiffusionBinder.Asked(top));
        return top.Read(SpecKeys.Samplers).Then(entries =>
            Result.All(entries.Select(entry => Sampler(entry.Key, entry.Value, process))).Ensure(list => SameProperties(entries, list)));
    }

    private static Result<BoundSampler> Sampler(ScalarNode key, SpecNode value, Process process)
    {
        var shown = Shown.Text(key.Text);
        var mapping = Values.Mapping(value, $"samplers.{shown}", SpecKeys.Sampler);
        return mapping.Match(
            node =>
            {
                var fields = new Fields(node, $"samplers.{shown}", SpecKeys.Sampler.Keys);
                var name = (fields.OnlyAllowed(), Name(key)).Apply(static (_, name) => name);
                return (name, Method(fields, process).Then(method => Bound(fields, shown, method, process)))
                    .Apply(static (name, read) => read with { Spec = read.Spec with { Name = name } });
            },
            errors => key is { Text: "<<", Quoted: false }
                ? Result.Fail<BoundSampler>(new(Rule.YamlFeature, "Merge keys are not used in specs; write the samplers out", key.At))
                : new Result<BoundSampler>.Failed([.. Name(key).ErrorsOrNone, .. errors]));
    }

    private static Result<string> Name(ScalarNode key) => Values.Named(key, "The name of a sampler", "ddpm-250").Ensure(name =>
        Identifier.IsFreeForSampler(Identifier.OfSampler(name)) && !Identifier.HasUnprintable(name)
            ? []
            : [new SpecError(
                Rule.BadName,
                $"Sampler '{Shown.Text(name)}' gives no C# property name of its own; name it after its method and steps, as in ddpm-250",
                key.At)]);

    // The word gives the method with default settings; the method reads its keys.
    private static Result<SamplerMethod> Method(Fields fields, Process process) =>
        fields.Word(SamplerKeys.Method) is { } word && ProcessKeys.OfMethod(word) is { } owner && owner != process.Keys
            ? Result.Fail<SamplerMethod>(FitsOther(fields, owner, process.Keys))
            : fields.Read(SamplerKeys.Method);

    private static Result<BoundSampler> Bound(Fields fields, string name, SamplerMethod method, Process process) =>
        (Result.Of(true).Ensure(_ => OfOtherMethods(fields, method)),
            Read(fields, method).Ensure(read => WrongFor(fields, read, process)),
            method.TakesSteps ? Steps(fields, name, process).Select(static steps => (int?)steps) : Result.Of<int?>(null),
            method.TakesClipping ? fields.Read(SamplerKeys.ClipDenoised) : Result.Of<bool?>(false))
        .Apply(static (_, method, steps, clip) =>
            new BoundSampler(new("", method, steps, ClipDenoised: clip == true), clip is not null))
        .Ensure(sampler => OrderErrors(fields, name, sampler.Spec));

    private static Result<SamplerMethod> Read(Fields fields, SamplerMethod method) =>
        Result.All(method.Options.Select(setting => Value(fields, SamplerKeys.Of(setting)).Select(value => (setting.Name, Value: value))))
            .Select(values => method.With(new(values.ToDictionary(static pair => pair.Name, static pair => pair.Value))));

    private static Result<object> Value(Fields fields, SpecKey key) => key switch
    {
        IntKey number => fields.Read(number).Select(static value => (object)value),
        NumberKey number => fields.Read(number).Select(static value => (object)value),
        WordKey<StepSpacing> words => fields.Read(words).Select(static value => (object)value),
        WordKey<UniPcVariant> words => fields.Read(words).Select(static value => (object)value),
        WordKey<DiffusionForm> words => fields.Read(words).Select(static value => (object)value),
        WordKey<LastStep> words => fields.Read(words).Select(static value => (object)value),
        _ => throw new InvalidOperationException($"The setting {key.Name} is of no known kind."),
    };

    private static IEnumerable<SpecError> OfOtherMethods(Fields fields, SamplerMethod method)
    {
        var own = SamplerKeys.Of(method);
        foreach (var key in SamplerKeys.All.Where(key => key != SamplerKeys.Method && fields.Has(key) && !own.Contains(key)))
        {
            string[] takers = [.. SamplerMethod.All.Where(other => SamplerKeys.Of(other).Contains(key)).Select(static other => other.Word)];
            var error = new SpecError(
                Rule.UnknownKey,
                key == SamplerKeys.Steps
                    ? $"A {method.Word} sampler chooses its steps as it goes; remove {key.Name}, and set rtol and atol if need be"
                    : $"A {method.Word} sampler takes no {key.Name}; remove it, or use method: {Alternatives(takers)}",
                fields.At(key));
            yield return error;
        }
    }

    private static string Alternatives(string[] words) =>
        words.Length == 1 ? words[0] : $"{string.Join(", ", words.Take(words.Length - 1))} or {words[words.Length - 1]}";

    private static IEnumerable<SpecError> WrongFor(Fields fields, SamplerMethod method, Process process)
    {
        var isFlow = process.Keys.Match(static _ => false, static _ => true);
        var (spacing, shift) = (Setting(method, SettingName.Spacing), Setting(method, SettingName.Shift));
        if (method is SamplerMethod.Edm edm && edm.ChurnMin > edm.ChurnMax)
            yield return new(
                Rule.OutOfRange,
                FormattableString.Invariant(
                    $"No noise level lies from churn_min, {edm.ChurnMin}, to churn_max, {edm.ChurnMax}; churn_min is the smaller one"),
                fields.At(fields.Has(SamplerKeys.ChurnMin) ? SamplerKeys.ChurnMin : SamplerKeys.ChurnMax));
        if (!isFlow && shift is { IsDefault: false })
            yield return new(
                Rule.SamplerFitsProcess, "A shift moves the steps of a flow, and the model's process is a Gaussian diffusion; remove it",
                fields.At(SamplerKeys.Shift));
        if (isFlow && spacing?.Value is StepSpacing.Leading or StepSpacing.Trailing or StepSpacing.Linspace)
            yield return new SpecError(
                Rule.SamplerFitsProcess,
                $"The spacing '{SamplerKeys.Text(spacing)}' counts timesteps, and a flow has none; write time, logsnr or karras",
                fields.At(SamplerKeys.Spacing)).Replace("time");
        if (isFlow && shift is { IsDefault: false } && spacing is { IsDefault: false })
            yield return new(
                Rule.SamplerFitsProcess, "A shift moves steps that are spaced evenly in time; remove the shift or the spacing",
                fields.At(SamplerKeys.Shift));
    }

    private static MethodSetting? Setting(SamplerMethod method, string name) =>
        method.Options.FirstOrDefault(setting => setting.Name == name);

    private static IEnumerable<SpecError> OrderErrors(Fields fields, string name, SamplerSpec sampler) =>
        sampler is { Method: SamplerMethod.Multistep { Order: var order }, Steps: { } steps } && order > steps
            ? [new SpecError(
                Rule.OrderWithinSteps,
                FormattableString.Invariant($"Sampler '{name}' has order {order} and {steps} {(steps == 1 ? "step" : "steps")}; ")
                    + $"the order is at most the number of steps",
                fields.At(fields.Has(SamplerKeys.Order) ? SamplerKeys.Order : SamplerKeys.Steps))]
            : [];

    private static SpecError FitsOther(Fields fields, ProcessKeys owner, ProcessKeys process)
    {
        var error = new SpecError(
            Rule.SamplerFitsProcess,
            $"This is a sampler of {owner.Plural}, and the model's process is {process.Singular}; use {process.Advice}",
            fields.At(SamplerKeys.Method));
        return error.Replace(process.UsualMethod);
    }

    private static Result<int> Steps(Fields fields, string name, Process process) => fields.Read(SamplerKeys.Steps).Ensure(steps =>
    {
        SpecError Wrong(Rule rule, string what, int right) => new SpecError(
            rule, FormattableString.Invariant($"Sampler '{name}' takes {steps} {(steps == 1 ? "step" : "steps")}, {what}"),
            fields.At(SamplerKeys.Steps)).Replace(FormattableString.Invariant($"{right}"));
        return process.Timesteps is not { } timesteps ? []
            : steps > timesteps ? [Wrong(
                Rule.StepsWithinTimesteps,
                FormattableString.Invariant($"but the process has {timesteps}; ask for at most {timesteps}"), timesteps)]
            : steps < FewestOfDiffusion ? [Wrong(
                Rule.OutOfRange,
                FormattableString.Invariant($"but a Gaussian diffusion needs {FewestOfDiffusion} or more"), FewestOfDiffusion)]
            : Array.Empty<SpecError>();
    });

    private static IEnumerable<SpecError> SameProperties(IReadOnlyList<SpecEntry> entries, EquatableArray<BoundSampler> list) => list
        .Select(static s => s.Spec)
        .GroupBy(static s => s.PropertyName)
        .SelectMany(static same => same.Skip(1).Select(other => (first: same.First(), other)))
        .Select(pair => new SpecError(
            Rule.SamplerNamesDiffer,
            $"Samplers '{pair.first.Name}' and '{pair.other.Name}' would both be the property {pair.other.PropertyName}; rename one",
            entries.Last(e => e.Key.Text == pair.other.Name).Key.At));

    /// <param name="Timesteps">Number of timesteps; null when the process is not legal.</param>
    /// <param name="Keys">Its keys and words.</param>
    private sealed record Process(int? Timesteps, ProcessKeys Keys);
}

/// <summary>A sampler as declared by its own mapping.</summary>
/// <param name="Spec">The sampler; it clips only if its mapping says so.</param>
/// <param name="SaysClipping">Whether its mapping has <c>clip_denoised</c>.</param>
internal sealed record BoundSampler(SamplerSpec Spec, bool SaysClipping)
{
    /// <summary>The sampler with the default clipping of the autoencoder, unless its mapping sets it.</summary>
    public SamplerSpec Of(Autoencoder autoencoder) =>
        SaysClipping ? Spec : Spec with { ClipDenoised = Spec.ClipsBy(autoencoder) };
}
