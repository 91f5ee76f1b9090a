namespace Dit.Spec;

/// <summary>The <c>samplers</c> mapping: names to methods.</summary>
internal static class SamplerBinder
{
    private enum Method
    {
        Ddpm,
        Ddim,
        Flow,
    }

    private static readonly (string Word, Method? Value)[] Methods =
    [
        ("ddpm", Method.Ddpm), ("ddim", Method.Ddim), ("dpm-solver++", null),
        ("euler", Method.Flow), ("heun", Method.Flow), ("sde-euler", Method.Flow), ("sde-heun", Method.Flow),
    ];

    /// <param name="top">The model's fields.</param>
    /// <param name="process">The process, when it is legal; without it, steps are not held against timesteps.</param>
    public static Result<EquatableArray<SamplerSpec>> Bind(Fields top, DiffusionSpec? process) => top.Nested("samplers", required: false, keys: null).Then(samplers =>
        (samplers.OnlyAllowed(),
            Result.All(samplers.Entries.Select(entry => Sampler(entry.Key, entry.Value, process))).Ensure(list => SameProperties(samplers, list)))
        .Apply(static (_, list) => list));

    private static Result<SamplerSpec> Sampler(ScalarNode key, SpecNode value, DiffusionSpec? process)
    {
        if (!Identifier.IsValid(Identifier.OfSampler(key.Text)))
            return Result.Fail<SamplerSpec>(new(Rule.BadName, $"Sampler '{key.Text}' gives no C# property name; start it with a letter, as in ddpm-250", key.At));
        if (value is not MappingNode node)
            return Result.Fail<SamplerSpec>(new(Rule.WrongType, $"Sampler '{key.Text}' must be a mapping such as {{ method: ddpm, steps: 250 }}, not {value.Kind}", value.At));

        var fields = new Fields(node, $"samplers.{key.Text}", ["method", "steps", "eta"]);
        var method = fields.Choice<Method>("method", Methods, null);
        return (fields.OnlyAllowed(), method.Then(m => ToMethod(fields, m)), Steps(fields, key, process))
            .Apply((_, m, steps) => new SamplerSpec(key.Text, m, steps));
    }

    private static Result<SamplerMethod> ToMethod(Fields fields, Method method) => method switch
    {
        Method.Ddim => fields.Number("eta", 0, 1, fallback: 0).Select(static eta => (SamplerMethod)new SamplerMethod.Ddim(eta)),
        Method.Ddpm when fields.Has("eta") => Result.Fail<SamplerMethod>(new(
            Rule.UnknownKey, "A ddpm sampler takes no eta; remove it, or use method: ddim", fields.At("eta"))),
        Method.Ddpm => Result.Of<SamplerMethod>(new SamplerMethod.Ddpm()),
        _ => Result.Fail<SamplerMethod>(new(
            Rule.SamplerFitsProcess, "This is a sampler of flow processes, and the model's process is a Gaussian diffusion; use ddpm or ddim", fields.At("method"))),
    };

    private static Result<int> Steps(Fields fields, ScalarNode key, DiffusionSpec? process) => fields.Int("steps", 1, 100_000).Ensure(steps =>
        process is { } p && steps > p.Timesteps
            ? [new SpecError(Rule.StepsWithinTimesteps, $"Sampler '{key.Text}' takes {steps} steps, but the process has {p.Timesteps}; ask for at most {p.Timesteps}", fields.At("steps"))]
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
