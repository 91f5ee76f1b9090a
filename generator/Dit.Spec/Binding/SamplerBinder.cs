namespace Dit.Spec;

/// <summary>The <c>samplers</c> mapping: names to methods.</summary>
internal static class SamplerBinder
{
    private enum Method
    {
        Ddpm,
        Ddim,
    }

    private static readonly string[] FlowMethods = ["euler", "heun", "sde-euler", "sde-heun"];

    private static readonly (string Word, Method? Value)[] Methods =
    [
        ("ddpm", Method.Ddpm), ("ddim", Method.Ddim), ("dpm-solver++", null), .. FlowMethods.Select(static word => (word, (Method?)null)),
    ];

    /// <param name="top">The model's fields.</param>
    /// <param name="diffusion">The process; unless it is legal, samplers are not held against it.</param>
    public static Result<EquatableArray<SamplerSpec>> Bind(Fields top, Result<DiffusionSpec> diffusion) => top.Nested("samplers", required: false, keys: null).Then(samplers =>
        (samplers.OnlyAllowed(),
            Result.All(samplers.Entries.Select(entry => Sampler(entry.Key, entry.Value, diffusion))).Ensure(list => SameProperties(samplers, list)))
        .Apply(static (_, list) => list));

    private static Result<SamplerSpec> Sampler(ScalarNode key, SpecNode value, Result<DiffusionSpec> diffusion)
    {
        var name = Identifier.IsFreeForSampler(Identifier.OfSampler(key.Text)) && !key.Text.Any(Identifier.IsUnprintable)
            ? Result.Of(key.Text)
            : Result.Fail<string>(new(Rule.BadName, $"Sampler '{key.Text}' gives no C# property name of its own; name it after its method and steps, as in ddpm-250", key.At));
        if (value is not MappingNode node)
            return name.Then(_ => Result.Fail<SamplerSpec>(new(Rule.WrongType, $"Sampler '{key.Text}' must be a mapping such as {{ method: ddpm, steps: 250 }}, not {value.Kind}", value.At)));

        var fields = new Fields(node, $"samplers.{key.Text}", ["method", "steps", "eta"]);
        return ((fields.OnlyAllowed(), name).Apply(static (_, text) => text), ReadMethod(fields, diffusion), Steps(fields, key, diffusion))
            .Apply(static (text, method, steps) => new SamplerSpec(text, method, steps));
    }

    private static Result<SamplerMethod> ReadMethod(Fields fields, Result<DiffusionSpec> diffusion) =>
        fields.Says("method", FlowMethods) && diffusion is Result<DiffusionSpec>.Ok
            ? Result.Fail<SamplerMethod>(new(
                Rule.SamplerFitsProcess, "This is a sampler of flow processes, and the model's process is a Gaussian diffusion; use ddpm or ddim", fields.At("method")))
            : fields.Choice<Method>("method", Methods, null).Then(method => ToMethod(fields, method));

    private static Result<SamplerMethod> ToMethod(Fields fields, Method method) => method switch
    {
        Method.Ddim => fields.Number("eta", 0, 1, fallback: 0).Select(static eta => (SamplerMethod)new SamplerMethod.Ddim(eta)),
        _ when fields.Has("eta") => Result.Fail<SamplerMethod>(new(
            Rule.UnknownKey, "A ddpm sampler takes no eta; remove it, or use method: ddim", fields.At("eta"))),
        _ => Result.Of<SamplerMethod>(new SamplerMethod.Ddpm()),
    };

    private static Result<int> Steps(Fields fields, ScalarNode key, Result<DiffusionSpec> diffusion) => fields.Int("steps", 2, 100_000).Ensure(steps =>
        diffusion is Result<DiffusionSpec>.Ok { Value.Timesteps: var timesteps } && steps > timesteps
            ? [new SpecError(Rule.StepsWithinTimesteps, $"Sampler '{key.Text}' takes {steps} steps, but the process has {timesteps}; ask for at most {timesteps}", fields.At("steps"))]
            : []);

    private static IEnumerable<SpecError> SameProperties(Fields samplers, EquatableArray<SamplerSpec> list) => list
        .GroupBy(static s => s.PropertyName)
        .SelectMany(static same => same.Skip(1).Select(other => (first: same.First(), other)))
        .Where(static pair => pair.first.Name != pair.other.Name) // the same name twice is a duplicate key already
        .Select(pair => new SpecError(
            Rule.SamplerNamesDiffer,
            $"Samplers '{pair.first.Name}' and '{pair.other.Name}' would both be the property {pair.other.PropertyName}; rename one",
            samplers.Entries.Last(e => e.Key.Text == pair.other.Name).Key.At));
}
