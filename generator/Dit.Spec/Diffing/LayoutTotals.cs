namespace Dit.Spec;

/// <summary>The totals of a layout.</summary>
/// <param name="Parameters">All parameters, the fixed position table included.</param>
/// <param name="Trainable">Parameters that training changes.</param>
/// <param name="Macs">Multiply-accumulates of one forward pass of one sample.</param>
/// <param name="TrainingMemory">Bytes of activations of one sample that a training step in float32 keeps.</param>
/// <param name="SamplingMemory">
/// Bytes of activations of one sample alive at once in sampling in float32; guidance doubles them.
/// </param>
public sealed record LayoutTotals(long Parameters, long Trainable, long Macs, long TrainingMemory, long SamplingMemory)
{
    private const int BytesOfFloat = 4;

    /// <summary>The totals of a layout.</summary>
    public static LayoutTotals Of(ModelLayout layout) => new(
        layout.ParameterCount, layout.TrainableCount, layout.Macs, BytesOfFloat * layout.TrainingActivations,
        BytesOfFloat * layout.SamplingActivations);
}
