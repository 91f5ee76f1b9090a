using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Remembers at which step of a loop a sample was not finite for the first time, and never waits for the device before it is asked.</summary>
internal sealed class FiniteTrace : IDisposable
{
    private readonly Tensor peaks; // (S + 1, N): the largest magnitudes of each step, row 0 those of the start; not finite once anything is not

    /// <summary>The trace of a loop.</summary>
    /// <param name="steps">S.</param>
    /// <param name="start">What it begins with, (N, C, Y, X).</param>
    public FiniteTrace(int steps, Tensor start)
    {
        peaks = zeros([steps + 1, start.shape[0]], start.dtype, start.device).DetachFromDisposeScope();
        See(0, start);
    }

    /// <summary>Takes note of a tensor.</summary>
    /// <param name="step">The step it belongs to, from 1.</param>
    /// <param name="values">(N, ...).</param>
    public void See(int step, Tensor values)
    {
        using var scope = NewDisposeScope();
        peaks[step].add_(values.detach().flatten(1).abs().amax([1]), Scalars.One);
    }

    /// <summary>Reads what was seen; it waits for the device.</summary>
    /// <param name="progressAt">What a step is.</param>
    /// <exception cref="NonFiniteSampleException">Something was not finite.</exception>
    public void Require(Func<int, SamplingProgress> progressAt)
    {
        using var scope = NewDisposeScope();
        var finite = peaks.isfinite();
        if (finite.all().item<bool>()) return;
        var n = (int)peaks.shape[1];
        var flags = finite.cpu().data<bool>().ToArray(); // step by step
        int[] bad = [.. Enumerable.Range(0, n).Where(sample => StepOf(sample) >= 0)];
        throw new NonFiniteSampleException(bad[0], bad.Length, n, progressAt(StepOf(bad[0])));

        int StepOf(int sample) => Enumerable.Range(0, flags.Length / n).FirstOrDefault(step => !flags[step * n + sample], -1);
    }

    /// <inheritdoc/>
    public void Dispose() => peaks.Dispose();
}
