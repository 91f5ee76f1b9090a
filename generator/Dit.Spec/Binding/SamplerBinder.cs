namespace Dit.Spec;

/// <summary>The <c>samplers</c> mapping: names to methods.</summary>
internal static class SamplerBinder
{
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
                return (name, Method(fields, process), Steps(fields, shown, process), fields.Read(SamplerKeys.ClipDenoised))
                    .Apply(static (name, method, steps, clip) =>
                        new BoundSampler(new(name, method, steps, ClipDenoised: clip == true), clip is not null));
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

    // The word gives the method with default parameters; the case reads its other keys.
    private static Result<SamplerMethod> Method(Fields fields, Process process) =>
        fields.Word(SamplerKeys.Method) is { } word && ProcessKeys.OfMethod(word) is { } owner && owner != process.Keys
            ? Result.Fail<SamplerMethod>(FitsOther(fields, owner, process.Keys))
            : fields.Read(SamplerKeys.Method).Then(method => method.Match(gaussian => gaussian.Match(
                ddpm => WithoutEta(fields, ddpm),
                ddim => fields.Read(SamplerKeys.Eta).Select(eta => (SamplerMethod)(ddim with { Eta = eta })))));

    private static Result<SamplerMethod> WithoutEta(Fields fields, SamplerMethod method) => fields.Has(SamplerKeys.Eta)
        ? Result.Fail<SamplerMethod>(new(
            Rule.UnknownKey, $"A {method.Word} sampler takes no eta; remove it, or use method: ddim", fields.At(SamplerKeys.Eta)))
        : Result.Of(method);

    private static SpecError FitsOther(Fields fields, ProcessKeys owner, ProcessKeys process)
    {
        var error = new SpecError(
            Rule.SamplerFitsProcess,
            $"This is a sampler of {owner.Plural}, and the model's process is {process.Singular}; use {process.Advice}",
            fields.At(SamplerKeys.Method));
        return process.UsualMethod is { } usual ? error.Replace(usual) : error;
    }

    private static Result<int> Steps(Fields fields, string name, Process process) => fields.Read(SamplerKeys.Steps).Ensure(steps =>
        process.Timesteps is { } timesteps && steps > timesteps
            ? [new SpecError(
                Rule.StepsWithinTimesteps,
                $"Sampler '{name}' takes {steps} steps, but the process has {timesteps}; ask for at most {timesteps}",
                fields.At(SamplerKeys.Steps)).Replace(FormattableString.Invariant($"{timesteps}"))]
            : []);

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
        SaysClipping ? Spec : Spec with { ClipDenoised = SamplerSpec.ClipsByDefault(autoencoder) };
}
