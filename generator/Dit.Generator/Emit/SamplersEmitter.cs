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
        /// <summary>{{sampler.Method.Match(static gaussian => gaussian).Match(
            static _ => "Ancestral DDPM sampling",
            static ddim => ddim.Eta == 0 ? "Deterministic DDIM sampling" : $"DDIM sampling with eta {Code.Literal(ddim.Eta)}")}} in {{sampler.Steps}} steps.</summary>
        public static {{Type(spec, condition)}} {{sampler.PropertyName}} { get; } =
            new({{Code.Literal(sampler.Name)}}, {{sampler.Method.Match(static gaussian => gaussian).Match(
                _ => $"new Ddpm(Steps: {sampler.Steps}{Clip(sampler)})",
                ddim => $"new Ddim(Steps: {sampler.Steps}, Eta: {Code.Literal(ddim.Eta)}{Clip(sampler)})")}});
        """;

    private static string Type(ModelSpec spec, ConditionCode condition) =>
        $"Sampler<{spec.ClassName}, {condition.Type}, {ProcessEmitter.Type(spec)}>";

    private static string Clip(SamplerSpec sampler) => sampler.ClipDenoised ? ", ClipDenoised: true" : "";
}
