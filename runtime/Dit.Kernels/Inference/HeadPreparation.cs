namespace Dit.Kernels;

/// <summary>
/// What is done with queries and keys of self-attention before they meet: norms over each head, rotary positions.
/// </summary>
/// <param name="kernels">The kernels.</param>
/// <param name="headWidth">K.</param>
/// <param name="keyBias">
/// Biases of the keys, head by head: unlike those of plain attention, they do not add the same to all scores of a
/// query.
/// </param>
/// <param name="queryNorm">The norm of the queries, the scale of the scores included; null for none.</param>
/// <param name="keyNorm">The norm of the keys; null for none.</param>
/// <param name="rotary">The angles that both are turned by; null for none.</param>
internal sealed unsafe class HeadPreparation(
    CpuKernels kernels, int headWidth, NativeBuffer keyBias, HeadNorm? queryNorm, HeadNorm? keyNorm, RotaryAngles? rotary)
{
    /// <summary>Prepares the queries of a panel, in place.</summary>
    /// <param name="q">(K, width).</param>
    /// <param name="panel">Its tokens.</param>
    /// <param name="bias">(K).</param>
    /// <param name="scale">What scores are scaled by.</param>
    public void Queries(float* q, TokenPanel panel, float* bias, float scale) => Prepare(q, panel, bias, queryNorm, scale);

    /// <summary>Prepares the keys of a panel, in place.</summary>
    /// <param name="k">(K, width).</param>
    /// <param name="panel">Its tokens.</param>
    /// <param name="head">The head.</param>
    public void Keys(float* k, TokenPanel panel, int head) => Prepare(k, panel, keyBias.Start + (long)head * headWidth, keyNorm, scale: 1);

    private void Prepare(float* x, TokenPanel panel, float* bias, HeadNorm? norm, float scale)
    {
        if (norm is null && rotary is { } own)
        {
            own.Turn(kernels, x, headWidth, panel, bias, scale);
            return;
        }
        kernels.BiasScale(x, headWidth, panel.Width, bias, norm is null ? scale : 1);
        norm?.Run(x, panel.Width);
        rotary?.Turn(kernels, x, headWidth, panel, null, scale: 1);
    }
}

/// <summary>A norm over the channels of a head.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="weight">Its scale, (K).</param>
/// <param name="shift">Its shift, (K); null for a root mean square norm.</param>
/// <param name="headWidth">K.</param>
/// <param name="eps">Added to the variance or the mean square.</param>
internal sealed unsafe class HeadNorm(CpuKernels kernels, NativeBuffer weight, NativeBuffer? shift, int headWidth, float eps)
{
    /// <summary>Normalizes a panel in place.</summary>
    /// <param name="x">(K, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    public void Run(float* x, int width)
    {
        if (shift is null) kernels.RmsNorm(x, x, headWidth, width, weight.Start, null, null, eps);
        else kernels.Norm(x, x, headWidth, width, weight.Start, 0, shift.Start, eps);
    }
}

/// <summary>Angles of rotary positions: a row of tokens for each channel of a head.</summary>
/// <param name="Cosines">(K, stride).</param>
/// <param name="Sines">(K, stride).</param>
/// <param name="Stride">Tokens of a row, padding included.</param>
internal sealed unsafe record RotaryAngles(NativeBuffer Cosines, NativeBuffer Sines, int Stride)
{
    /// <summary>Turns a panel in place, see <see cref="CpuKernels.Rotate"/>.</summary>
    public void Turn(CpuKernels kernels, float* x, int features, TokenPanel panel, float* bias, float scale) =>
        kernels.Rotate(x, features, panel.Width, bias, Cosines.Start + panel.First, Sines.Start + panel.First, Stride, scale);
}
