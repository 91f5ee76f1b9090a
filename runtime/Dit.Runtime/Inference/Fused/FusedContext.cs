using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Keys and values of the tokens of some conditions, packed as attention reads them.</summary>
internal sealed class FusedContext : AttendedTokens
{
    private readonly ContextKeys[] conditions;

    private FusedContext(ContextKeys[] conditions) => this.conditions = conditions;

    /// <summary>Those of each condition.</summary>
    public ReadOnlySpan<ContextKeys> Conditions => conditions;

    /// <summary>Computes them.</summary>
    /// <param name="tokens">(rows, M, D), float32, contiguous.</param>
    /// <param name="mask">Which of them count, bool, (rows, M), contiguous; null for all.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="layers">What makes keys and values, step by step.</param>
    /// <param name="workers">Who does it.</param>
    public static unsafe FusedContext Of(
        Tensor tokens, Tensor? mask, CpuKernels kernels, IReadOnlyList<ContextLayer> layers, TaskLoop workers)
    {
        var (count, width) = ((int)tokens.shape[1], (int)tokens.shape[2]);
        var counts = mask?.cpu().data<bool>().ToArray();
        var context = new FusedContext(new ContextKeys[tokens.shape[0]]);
        var conditions = context.conditions;
        try
        {
            for (var row = 0; row < conditions.Length; row++)
            {
                int[] seen = [.. Enumerable.Range(0, count).Where(token => counts is null || counts[row * count + token])];
                conditions[row] = new(kernels, layers, TensorPointer.Of(tokens) + (long)row * count * width, seen, width);
            }
            workers.Run(conditions.Length * layers.Count, task => conditions[task / layers.Count].Compute(task % layers.Count));
        }
        catch
        {
            context.Dispose();
            throw;
        }
        foreach (var one in conditions) one.Complete();
        GC.KeepAlive(tokens);
        return context;
    }

    public override void Dispose()
    {
        foreach (var one in conditions) one?.Dispose();
    }
}
