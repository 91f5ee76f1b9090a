using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Where the variance of a reverse step comes from.</summary>
public enum ModelVariance
{
    /// <summary>The second half of the output's channels, between beta tilde and beta (Improved DDPM, equation
    /// 15).</summary>
    LearnedRange,

    /// <summary>beta tilde, the posterior's variance (DDPM, section 3.2).</summary>
    FixedSmall,

    /// <summary>beta (DDPM, section 3.2).</summary>
    FixedLarge,
}

/// <summary>What training minimizes.</summary>
public enum LossKind
{
    /// <summary>Mean squared error, plus the variational bound with the mean held fixed when the variance is learned:
    /// as DiT trains.</summary>
    Hybrid,

    /// <summary>As <see cref="Hybrid"/>, the bound times S / 1000 (L_hybrid of Improved DDPM, section 3.1).</summary>
    RescaledHybrid,

    /// <summary>The term of the variational bound at t, in bits per dimension.</summary>
    Kl,

    /// <summary>As <see cref="Kl"/>, times S: an estimate of the whole bound (L_vlb of Improved DDPM).</summary>
    RescaledKl,
}

/// <summary>A diagonal Gaussian.</summary>
/// <param name="Mean">(N, C, Y, X).</param>
/// <param name="Variance">(N, C, Y, X).</param>
/// <param name="LogVariance">(N, C, Y, X); clipped where the variance is 0.</param>
public sealed record GaussianMoments(Tensor Mean, Tensor Variance, Tensor LogVariance) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Variance.Dispose();
        LogVariance.Dispose();
    }
}

/// <summary>The Gaussian p(x_{t-1} | x_t) that a network predicts.</summary>
/// <param name="Mean">(N, C, Y, X).</param>
/// <param name="Variance">(N, C, Y, X).</param>
/// <param name="LogVariance">(N, C, Y, X).</param>
/// <param name="PredictedStart">The data x_0 that the prediction implies, (N, C, Y, X).</param>
public sealed record ReversePrediction(Tensor Mean, Tensor Variance, Tensor LogVariance, Tensor PredictedStart) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Variance.Dispose();
        LogVariance.Dispose();
        PredictedStart.Dispose();
    }
}

/// <summary>One step along a trajectory.</summary>
/// <param name="Sample">The next state, (N, C, Y, X).</param>
/// <param name="PredictedStart">The data x_0 predicted on the way, (N, C, Y, X).</param>
public sealed record DiffusionStep(Tensor Sample, Tensor PredictedStart) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Sample.Dispose();
        PredictedStart.Dispose();
    }
}

/// <summary>Losses of one batch, one number per sample.</summary>
/// <param name="Total">What is minimized, (N,).</param>
/// <param name="Mse">The mean squared error, (N,), where it is part of the loss.</param>
/// <param name="VariationalBound">The bound's term, in the weight it has in the total, (N,), where it is part of the
/// loss.</param>
/// <param name="Cosine">1 minus the cosine similarity over the channels, (N,), where it is part of the loss.</param>
public sealed record DiffusionLosses(Tensor Total, Tensor? Mse, Tensor? VariationalBound, Tensor? Cosine = null) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Total.Dispose();
        Mse?.Dispose();
        VariationalBound?.Dispose();
        Cosine?.Dispose();
    }
}

/// <summary>The variational bound on the negative log-likelihood and its parts, in bits per dimension.</summary>
/// <param name="Total">Prior and all terms together, (N,).</param>
/// <param name="Prior">Divergence of x_S from pure noise, (N,).</param>
/// <param name="VariationalBound">The terms from the highest timestep down to 0, (N, S).</param>
/// <param name="StartMse">Mean squared error of the predicted x_0, in the same order, (N, S).</param>
/// <param name="Mse">Mean squared error of the predicted noise, in the same order, (N, S).</param>
public sealed record BitsPerDimension(Tensor Total, Tensor Prior, Tensor VariationalBound, Tensor StartMse, Tensor Mse) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Total.Dispose();
        Prior.Dispose();
        VariationalBound.Dispose();
        StartMse.Dispose();
        Mse.Dispose();
    }
}
