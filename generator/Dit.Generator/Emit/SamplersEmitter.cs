using System.Globalization;
using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The samplers declared for a model.</summary>
internal static class SamplersEmitter
{
    public static string All(ModelSpec spec, ConditionCode condition) => $$"""
        /// <summary>The samplers declared in the spec, in its order.</summary>
        public static IReadOnlyList<{{Type(spec, condition)}}> AllSamplers => [{{string.Join(", ", spec.Samplers.Select(static s => $"Samplers.{s.PropertyName}"))}}];
        """;

    public static string Declared(ModelSpec spec, ConditionCode condition) => $$"""
        /// <summary>The samplers declared in the spec; each draws from this model and no other.</summary>
        public static class Samplers
        {
        {{Code.Indent(Code.Members([.. spec.Samplers.Select(sampler => Property(spec, condition, sampler))]))}}
        }
        """;

    private static string Property(ModelSpec spec, ConditionCode condition, SamplerSpec sampler) => $$"""
        /// <summary>{{sampler.Method.Title}}{{Steps(sampler)}}.</summary>
        public static {{Type(spec, condition)}} {{sampler.PropertyName}} { get; } =
            new({{Code.Literal(sampler.Name)}}, new {{Solver(spec, sampler.Method)}}({{string.Join(", ", Arguments(sampler))}}));
        """;

    private static string Steps(SamplerSpec sampler) => sampler.Steps switch
    {
        null => "",
        1 => " in 1 step",
        { } steps => FormattableString.Invariant($" in {steps} steps"),
    };

    private static string Type(ModelSpec spec, ConditionCode condition) =>
        spec.Backbone.Joint is null
            ? $"Sampler<{spec.ClassName}, {condition.Type}, {ProcessEmitter.Type(spec)}>"
            : $"JointSampler<{spec.ClassName}>";

    // A solver for every process is generic in it.
    private static string Solver(ModelSpec spec, SamplerMethod method) =>
        method.Process == MethodProcess.Any ? $"{method.Type}<{ProcessEmitter.Type(spec)}>" : method.Type;

    private static IEnumerable<string> Arguments(SamplerSpec sampler) =>
    [
        .. sampler.Steps is { } steps ? [FormattableString.Invariant($"Steps: {steps}")] : Array.Empty<string>(),
        .. sampler.Method.Options.Where(static option => option.IsAlwaysShown || !option.IsDefault)
            .Select(static option => Argument(option)),
        .. sampler.ClipDenoised ? ["ClipDenoised: true"] : Array.Empty<string>(),
    ];

    // A shift is one of the steps' spacing.
    private static string Argument(MethodSetting option) => option is { Name: "shift", Value: double shift }
        ? $"Spacing: Spacing.Shifted({Code.Literal(shift)})"
        : $"{option.Argument}: {Value(option.Value)}";

    private static string Value(object value) => value switch
    {
        int number => number.ToString(CultureInfo.InvariantCulture),
        double number => Code.Literal(number),
        StepSpacing spacing => $"Spacing.{spacing}",
        Enum word => $"{word.GetType().Name}.{word}",
        _ => throw new InvalidOperationException($"A setting holds a {value.GetType().Name}."),
    };
}
