namespace Dit.Kernels;

/// <summary>
/// The numbers of one step of AdamW (arXiv 1711.05101, algorithm 2) and of the moving average after it, in the order in
/// which PyTorch computes.
/// </summary>
/// <param name="Keep">What decoupled decay leaves of the weight, 1 - learning rate times weight decay.</param>
/// <param name="Beta1">Decay of the mean of gradients.</param>
/// <param name="Beta2">Decay of the mean of squares.</param>
/// <param name="Rest1">1 - beta1.</param>
/// <param name="Rest2">1 - beta2.</param>
/// <param name="Size">Learning rate over 1 - beta1^t.</param>
/// <param name="Correction">The square root of 1 - beta2^t.</param>
/// <param name="Eps">Added to the root.</param>
/// <param name="Rate">1 - decay of the moving average.</param>
internal readonly record struct AdamWStep(float Keep, float Beta1, float Beta2, float Rest1, float Rest2, float Size, float Correction,
    float Eps, float Rate)
{
    /// <summary>The numbers of step t, from 1.</summary>
    public static AdamWStep At(int t, double learningRate, double weightDecay, double beta1, double beta2, double eps, double emaDecay) =>
        new(
        (float)(1 - learningRate * weightDecay), (float)beta1, (float)beta2, (float)(1 - beta1), (float)(1 - beta2),
        (float)(learningRate / (1 - Math.Pow(beta1, t))), (float)Math.Sqrt(1 - Math.Pow(beta2, t)), (float)eps, (float)(1 - emaDecay));
}
