namespace Dit.Generator.Emit;

/// <summary>A model that is conditioned on the timestep alone.</summary>
internal static class UnconditionalEmitter
{
    public static ConditionCode Emit(string guards) => new(
        BaseType: "nn.Module<Tensor, Tensor, Tensor>",
        Interface: "IUnconditionalModel",
        Sampler: "UnconditionalSampler",
        Type: "NoCondition",
        Unwrap: null,
        Card: "new ModelCondition.None()",
        Argument: null,
        Guards: guards,
        Guidance: null);
}
