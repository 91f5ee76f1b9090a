using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>A model that is conditioned on class labels.</summary>
internal static class ClassLabelsEmitter
{
    public static ConditionCode Emit(ModelSpec spec, Condition.ClassLabels labels, string guards) => new(
        BaseType: "nn.Module<Tensor, Tensor, Tensor, Tensor>",
        Interface: "IClassConditionalModel",
        Sampler: "Sampler",
        Type: "ClassLabels",
        Unwrap: "var labels = condition.Values;",
        Card: $"new ModelCondition.Classes({labels.Count}, {Code.Literal(labels.Dropout)})",
        Argument: new(
            "Tensor",
            "labels",
            $"Classes from 0 to {labels.Count - 1}{(labels.HasNull ? $", or {labels.Count} for none" : "")}, (N,)."),
        Guards: guards,
        Guidance: GuidanceEmitter.Guidance(
            spec, labels, guards, "Tensor", "labels", "Classes, (N,).", "with its labels and with the null class", "null class",
            $"var classes = cat([labels, full_like(labels, {labels.Count})]); // (2 N,)", "classes"));
}
