using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Keys and values by libtorch's operators, for each step that attends to the condition's tokens.</summary>
internal sealed class OperatorContext : AttendedTokens
{
    private readonly IReadOnlyList<(Tensor Keys, Tensor Values)> steps; // (rows, H, M, K) each
    private readonly Tensor? mask; // (rows, 1, 1, M)

    /// <summary>Computes them.</summary>
    /// <param name="session">The session.</param>
    /// <param name="tokens">(rows, M, D).</param>
    /// <param name="mask">Which of them count, bool, (rows, M); null for all.</param>
    public OperatorContext(SessionSteps session, Tensor tokens, Tensor? mask)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        // Without a mask attention is faster.
        this.mask = mask is null || mask.all().item<bool>() ? null
            : mask.view(-1, 1, 1, mask.shape[1]).clone().DetachFromDisposeScope();
        steps = [.. session.Steps.OfType<SessionStep.CrossAttention>().Select(step => Pairs(step, tokens))];
    }

    /// <summary>Attention of queries to them.</summary>
    /// <param name="step">The number of the step, among those that attend to them.</param>
    /// <param name="queries">(passes, H, T, K).</param>
    /// <param name="rows">The row of each pass, int64, (passes,).</param>
    /// <returns>(passes, H, T, K).</returns>
    public Tensor Mixed(int step, Tensor queries, Tensor rows)
    {
        using var scope = NewDisposeScope();
        var (keys, values) = steps[step];
        return nn.functional.scaled_dot_product_attention(
            queries, keys.index_select(0, rows), values.index_select(0, rows), mask?.index_select(0, rows)).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        mask?.Dispose();
        foreach (var (keys, values) in steps)
        {
            keys.Dispose();
            values.Dispose();
        }
    }

    private static (Tensor Keys, Tensor Values) Pairs(SessionStep.CrossAttention step, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var (n, m) = (tokens.shape[0], tokens.shape[1]);
        var pairs = step.Kv.call(tokens).view(n, m, 2, step.Heads, -1).permute(2, 0, 3, 1, 4).unbind(0); // 2 x (N, H, M, K)
        return (pairs[0].contiguous().DetachFromDisposeScope(), pairs[1].contiguous().DetachFromDisposeScope());
    }
}
