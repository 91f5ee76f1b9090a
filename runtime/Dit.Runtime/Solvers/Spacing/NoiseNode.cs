namespace Dit.Runtime;

/// <summary>A place on the way from noise to data: what a solver needs to know of it.</summary>
/// <param name="Time">The time that the network is called with.</param>
/// <param name="Alpha">Scale of the data.</param>
/// <param name="Sigma">Scale of the noise; 0 where the way ends at the data.</param>
public readonly record struct NoiseNode(double Time, double Alpha, double Sigma)
{
    /// <summary>Half the logarithm of the signal-to-noise ratio, log(alpha / sigma); infinite at the data
    /// (DPM-Solver, arXiv 2206.00927, section 3.1).</summary>
    public double Lambda => Math.Log(Alpha / Sigma);

    /// <summary>How a prediction is made of the data and the noise here: the time of a node can be rounded or its sigma
    /// interpolated, so that the process has a different alpha and sigma at it.</summary>
    internal PredictionWeights WeightsOf(IProcess process, Prediction prediction) => prediction switch
    {
        Prediction.Score => new(0, -1 / Sigma),
        Prediction.Velocity when process is GaussianDiffusion => new(-Sigma, Alpha),
        _ => process.Weights(prediction, Time),
    };
}
