namespace Dit.Spec;

/// <summary>The <c>samplers</c> mapping: names to methods.</summary>
internal static class SamplerBinder
{
    public const string DdpmWord = "ddpm", DdimWord = "ddim";

    /// <param name="top">The model's fields.</param>
    /// <param name="diffusion">The process; unless it is legal, steps are not held against it.</param>
    public static Result<EquatableArray<BoundSampler>> Bind(Fields top, Result<DiffusionSpec> diffusion)
    {
        var process = new Process(diffusion.Match(static d => (int?)d.Timesteps, static _ => null), DiffusionBinder.IsFlow(top));
        return top.Read(SpecKeys.Samplers).Then(entries =>
            Result.All(entries.Select(entry => Sampler(entry.Key, entry.Value, process))).Ensure(list => SameProperties(entries, list)));
    }

    /// <summary>The method <c>ddpm</c>.</summary>
    public static Result<SamplerMethod> Ddpm(Fields fields) => fields.Has(SpecKeys.Eta)
        ? Result.Fail<SamplerMethod>(new(Rule.UnknownKey, "A ddpm sampler takes no eta; remove it, or use method: ddim", fields.At(SpecKeys.Eta)))
        : Result.Of<SamplerMethod>(new SamplerMethod.Ddpm());

    /// <summary>The method <c>ddim</c>.</summary>
    public static Result<SamplerMethod> Ddim(Fields fields) => fields.Read(SpecKeys.Eta).Select(static eta => (SamplerMethod)new SamplerMethod.Ddim(eta));

    private static Result<BoundSampler> Sampler(ScalarNode key, SpecNode value, Process process)
    {
        var shown = Shown.Text(key.Text);
        var mapping = Values.Mapping(value, $"samplers.{shown}", SpecKeys.Sampler);
        return mapping.Match(
            node =>
            {
                var fields = new Fields(node, $"samplers.{shown}", SpecKeys.Sampler.Keys);
                return ((fields.OnlyAllowed(), Name(key)).Apply(static (_, name) => name), Method(fields, process), Steps(fields, shown, process), fields.Read(SpecKeys.ClipDenoised))
                    .Apply(static (name, method, steps, clip) => new BoundSampler(new(name, method, steps, ClipDenoised: clip == true), clip is not null));
            },
            errors => key is { Text: "<<", Quoted: false }
                ? Result.Fail<BoundSampler>(new(Rule.YamlFeature, "Merge keys are not used in specs; write the samplers out", key.At))
                : new Result<BoundSampler>.Failed([.. Name(key).ErrorsOrNone, .. errors]));
    }

    private static Result<string> Name(ScalarNode key) => Values.Named(key, "The name of a sampler", "ddpm-250").Ensure(name =>
        Identifier.IsFreeForSampler(Identifier.OfSampler(name)) && !Identifier.HasUnprintable(name)
            ? []
            : [new SpecError(Rule.BadName, $"Sampler '{Shown.Text(name)}' gives no C# property name of its own; name it after its method and steps, as in ddpm-250", key.At)]);

    private static Result<SamplerMethod> Method(Fields fields, Process process) => fields.Word(SpecKeys.Method) switch
    {
        { } word when SpecKeys.FlowMethods.Contains(word) && !process.IsFlow => Result.Fail<SamplerMethod>(new SpecError(
            Rule.SamplerFitsProcess, "This is a sampler of flow processes, and the model's process is a Gaussian diffusion; use ddim or ddpm", fields.At(SpecKeys.Method)).Replace("ddim")),
        { } word when SpecKeys.Method.Available.Contains(word) && process.IsFlow => Result.Fail<SamplerMethod>(new SpecError(
            Rule.SamplerFitsProcess, $"This is a sampler of Gaussian diffusions, and the model's process is a flow; use {string.Join(", ", SpecKeys.FlowMethods)}", fields.At(SpecKeys.Method))),
        _ => fields.Read(SpecKeys.Method).Then(read => read(fields)),
    };

    private static Result<int> Steps(Fields fields, string name, Process process) => fields.Read(SpecKeys.Steps).Ensure(steps =>
        process.Timesteps is { } timesteps && steps > timesteps
            ? [new SpecError(
                Rule.StepsWithinTimesteps, $"Sampler '{name}' takes {steps} steps, but the process has {timesteps}; ask for at most {timesteps}",
                fields.At(SpecKeys.Steps)).Replace(FormattableString.Invariant($"{timesteps}"))]
            : []);

    private static IEnumerable<SpecError> SameProperties(IReadOnlyList<SpecEntry> entries, EquatableArray<BoundSampler> list) => list
        .Select(static s => s.Spec)
        .GroupBy(static s => s.PropertyName)
        .SelectMany(static same => same.Skip(1).Select(other => (first: same.First(), other)))
        .Select(pair => new SpecError(
            Rule.SamplerNamesDiffer,
            $"Samplers '{pair.first.Name}' and '{pair.other.Name}' would both be the property {pair.other.PropertyName}; rename one",
            entries.Last(e => e.Key.Text == pair.other.Name).Key.At));

    /// <param name="Timesteps">How many there are; null when the process is not legal.</param>
    /// <param name="IsFlow">Whether the file asks for a flow.</param>
    private sealed record Process(int? Timesteps, bool IsFlow);
}

/// <summary>A sampler as its own mapping declares it.</summary>
/// <param name="Spec">The sampler; it clips only where its mapping says so.</param>
/// <param name="SaysClipping">Whether its mapping says.</param>
internal sealed record BoundSampler(SamplerSpec Spec, bool SaysClipping)
{
    /// <summary>The sampler of a model of pixels, which are clipped unless it says otherwise, or of latents.</summary>
    public SamplerSpec Of(Autoencoder autoencoder) => SaysClipping ? Spec : Spec with { ClipDenoised = IsClippedByDefault(autoencoder) };

    /// <summary>Whether a sampler that does not say clips: pixels lie in [-1, 1], and latents do not.</summary>
    public static bool IsClippedByDefault(Autoencoder autoencoder) => autoencoder is Autoencoder.None;
}
