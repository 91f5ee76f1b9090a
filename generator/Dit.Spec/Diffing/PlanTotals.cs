namespace Dit.Spec;

/// <summary>What a plan adds up to.</summary>
/// <param name="Parameters">All parameters, the fixed position table included.</param>
/// <param name="Trainable">Parameters that training changes.</param>
/// <param name="Macs">Multiply-accumulates of one forward pass of one sample.</param>
/// <param name="Activations">Activation memory of one sample; null while plans do not count it.</param>
public sealed record PlanTotals(long Parameters, long Trainable, long Macs, ActivationTotals? Activations)
{
    /// <summary>The totals of a plan.</summary>
    public static PlanTotals Of(ModelPlan plan) => new(plan.ParameterCount, plan.TrainableCount, plan.Macs, ActivationsOf(plan));

    // The one place to change when plans count activations: tables and JSON show them as soon as this gives them.
    private static ActivationTotals? ActivationsOf(ModelPlan plan)
    {
        _ = plan;
        return null;
    }
}

/// <summary>Activation memory of one sample, in bytes.</summary>
/// <param name="Training">For a training step.</param>
/// <param name="Sampling">For a forward pass that is not differentiated.</param>
public sealed record ActivationTotals(long Training, long Sampling);
