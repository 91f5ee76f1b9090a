namespace Dit.Runtime;

/// <summary>
/// Two power-function averages that a run keeps, of which an average of any length is reconstructed later (Karras et
/// al., arXiv 2312.02696, section 3).
/// </summary>
/// <remarks>
/// A length is the paper's sigma_rel: the standard deviation of an average's profile, as a part of the training time.
/// Snapshots of both averages go to <see cref="TrainingFolder.Averages"/>, and <see cref="AverageSnapshots"/>
/// reconstructs others from them.
/// </remarks>
/// <param name="Shorter">Length of the first average; 0.05 in the paper.</param>
/// <param name="Longer">Length of the second one; 0.10 in the paper.</param>
public sealed record PostHocEma(double Shorter = 0.05, double Longer = 0.10)
{
    internal IReadOnlyList<double> Lengths => [Shorter, Longer];
}
