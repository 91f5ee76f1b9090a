namespace Dit.Spec;

public abstract partial record ProcessSpec
{
    /// <summary>A flow between noise and data (SiT, arXiv 2401.08740).</summary>
    /// <param name="Prediction">What the model predicts.</param>
    /// <param name="Variance"><see cref="Variance.None"/> or <see cref="Variance.Ignored"/>.</param>
    /// <param name="Schedule">The path: one of the flow schedules.</param>
    /// <param name="Loss">What the error of training is measured in.</param>
    /// <param name="Weight">How much each time counts; not uniform only for a loss of the noise or the score.</param>
    /// <param name="Times">How times are drawn.</param>
    /// <param name="Shift">Moves the times of training: above 1 towards the noise.</param>
    /// <param name="CosineLoss">Whether the cosine of prediction and target is part of the loss.</param>
    public sealed record Flow(
        Prediction Prediction,
        Variance Variance,
        Schedule Schedule,
        Prediction Loss,
        LossWeight Weight,
        FlowTimes Times,
        double Shift,
        bool CosineLoss) : ProcessSpec;
}
