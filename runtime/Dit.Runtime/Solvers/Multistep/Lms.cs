namespace Dit.Runtime;

/// <summary>
/// The linear multistep method of Adams and Bashforth along the predicted noise: the polynomial through the last
/// predictions in sigma / alpha is integrated exactly (rho-AB-DEIS of Zhang and Chen, arXiv 2204.13902; LMS of
/// diffusers).
/// </summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1 to 3: predictions that a step uses.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">The order is not 1 to 3, or above the number of steps.</exception>
public sealed record Lms<TProcess>(int Steps, int Order = 2, Spacing? Spacing = null, bool ClipDenoised = false)
    : LinearMultistep<TProcess>(Steps, Order, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    // Two points integrate a cubic exactly, and the polynomials are quadratic at most.
    private static readonly double GaussPoint = 1 / Math.Sqrt(3);

    /// <inheritdoc/>
    public override string Method => "lms";

    private protected override bool UsesNoise => true;

    private protected override ExponentialStep Between(NoiseNode from, NoiseNode to) => ExponentialStep.OfNoise(from, to);

    private protected override double[] Weights(ExponentialStep step, double[] before)
    {
        if (before.Length == 0) return step.Constant();
        // sigma / alpha at the predictions and at the end, in units of the step's beginning.
        double[] places = [1, .. before.Select((_, k) => Math.Exp(step.Z * before.Take(k + 1).Sum()))];
        var end = Math.Exp(-step.Z);
        var (middle, half) = ((1 + end) / 2, (end - 1) / 2);
        return
        [
            .. places.Select((_, k) =>
                step.First * (Basis(k, middle - half * GaussPoint) + Basis(k, middle + half * GaussPoint)) / 2),
        ];

        double Basis(int k, double at) => places.Index()
            .Where(place => place.Index != k)
            .Aggregate(1.0, (product, place) => product * (at - place.Item) / (places[k] - place.Item));
    }
}
