using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Records at which step of a loop a sample was not finite for the first time; it waits for the device only
/// when it is asked.</summary>
internal sealed class FiniteTrace : IDisposable
{
    private const int UnknownSteps = 64; // rows at first, where the number of steps is not known

    private Tensor peaks; // (rows, N): the largest magnitudes of each step, row 0 those of the start; not finite once anything is not

    /// <summary>The trace of a loop.</summary>
    /// <param name="steps">S; null where it is not known.</param>
    /// <param name="start">What the loop begins with, (N, C, Y, X).</param>
    public FiniteTrace(int? steps, Tensor start)
    {
        peaks = zeros([(steps ?? UnknownSteps) + 1, start.shape[0]], start.dtype, start.device).DetachFromDisposeScope();
        See(0, start);
    }

    /// <summary>Records a tensor.</summary>
    /// <param name="step">The step it belongs to, from 1.</param>
    /// <param name="values">(N, ...).</param>
    public void See(int step, Tensor values)
    {
        using var scope = NewDisposeScope();
        if (step >= peaks.shape[0]) Grow();
        peaks[step].add_(values.detach().flatten(1).abs().amax([1]), Scalars.One);
    }

    /// <summary>Reads what was recorded; this waits for the device.</summary>
    /// <param name="taken">The steps, that before the first among them.</param>
    /// <exception cref="NonFiniteSampleException">Something was not finite.</exception>
    public void Require(IReadOnlyList<SamplingProgress> taken)
    {
        using var scope = NewDisposeScope();
        var finite = peaks.isfinite();
        if (finite.all().item<bool>()) return;
        var n = (int)peaks.shape[1];
        var flags = finite.cpu().data<bool>().ToArray(); // step by step
        int[] bad = [.. Enumerable.Range(0, n).Where(sample => StepOf(sample) >= 0)];
        throw new NonFiniteSampleException(bad[0], bad.Length, n, At(StepOf(bad[0])));

        int StepOf(int sample) => Enumerable.Range(0, flags.Length / n).FirstOrDefault(step => !flags[step * n + sample], -1);

        SamplingProgress At(int step) => taken[Math.Min(step, taken.Count - 1)];
    }

    /// <inheritdoc/>
    public void Dispose() => peaks.Dispose();

    private void Grow()
    {
        var larger = cat([peaks, zeros_like(peaks)]).DetachFromDisposeScope();
        peaks.Dispose();
        peaks = larger;
    }
}
