namespace Dit.Runtime;

/// <summary>
/// Min-SNR weighting (Hang et al., Efficient Diffusion Training via Min-SNR Weighting Strategy, arXiv 2303.09556,
/// section 3.4).
/// </summary>
internal static class MinSnr
{
    /// <summary>
    /// The weight of a sample's squared error: that of an error of the data is min(SNR, gamma), and an error of a
    /// different prediction is one of the data times a function of the SNR.
    /// </summary>
    /// <param name="process">The process, a Gaussian diffusion.</param>
    /// <param name="t">The sample's time.</param>
    /// <param name="gamma">The largest weight of an error of the data.</param>
    /// <exception cref="DitException">The process is not a Gaussian diffusion, or does not predict data, noise or
    /// velocity.</exception>
    public static double WeightOf(IProcess process, double t, double gamma)
    {
        Require(process);
        var ratio = Math.Pow(process.Alpha(t) / process.Sigma(t), 2);
        var weight = Math.Min(ratio, gamma);
        return process.Prediction switch
        {
            Prediction.StartX => weight,
            Prediction.Epsilon => weight / ratio,
            _ => weight / (ratio + 1), // velocity
        };
    }

    /// <summary>Makes sure that a process has such weights.</summary>
    /// <exception cref="DitException">It does not.</exception>
    public static void Require(IProcess process)
    {
        if (process is not GaussianDiffusion || process.Prediction is not (Prediction.StartX or Prediction.Epsilon or Prediction.Velocity))
            throw new DitException(
                "Min-SNR weighting is for Gaussian diffusions that predict the data, the noise or the velocity; a flow has the key "
                    + "'weight' in its spec.");
    }
}
