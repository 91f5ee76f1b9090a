using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Which orders of steps can be fused.</summary>
/// <remarks>
/// Norm, then attention with its projection or an MLP, then the residual; and at the end a norm and the output layer.
/// <see cref="OperatorEngine"/> runs any order.
/// </remarks>
internal static class FusedOrder
{
    // What the branch is at: nothing, the result of a norm, what attention gives, or what a projection or an MLP gives.
    private enum At
    {
        Start,
        Norm,
        Attention,
        Branch,
        Output,
    }

    /// <summary>
    /// What stands in the way, in a few words that continue with "cannot be fused"; null where nothing does.
    /// </summary>
    public static string? Obstacle(SessionSteps session)
    {
        var (at, skips) = (At.Start, 0);
        foreach (var step in session.Steps)
        {
            if (Obstacle(session, step, at) is { } obstacle) return obstacle;
            skips += step switch { SessionStep.Push => 1, SessionStep.Pop => -1, _ => 0 };
            if (skips < 0) return "a long skip that nothing was left for";
            at = step switch
            {
                SessionStep.Residual or SessionStep.Push or SessionStep.Pop => At.Start,
                SessionStep.SelfAttention or SessionStep.CrossAttention => At.Attention,
                SessionStep.Project or SessionStep.Mlp => At.Branch,
                SessionStep.Output => At.Output,
                _ => At.Norm,
            };
        }
        return at == At.Output ? null : "a session without an output layer at its end";
    }

    private static string? Obstacle(SessionSteps session, SessionStep step, At at) => (step, at) switch
    {
        (_, At.Output) => "a step after the output layer",
        (not SessionStep.Project, At.Attention) => "attention without a projection",
        (SessionStep.AdaptiveNorm norm, _) =>
            HasParts(session, norm.Shift ?? norm.Scale, norm.Scale) ? null : "an adaptive norm without its modulation",
        (SessionStep.LearnedNorm or SessionStep.LearnedRmsNorm or SessionStep.Identity, _) => null,
        (SessionStep.SelfAttention attention, At.Norm) =>
            attention.Rotary is { } rotary && rotary.Tables.Cosines.shape[0] != session.Tokens
                ? "rotary positions that some of the tokens lack"
            : IsKnown(attention.QueryNorm) && IsKnown(attention.KeyNorm) ? null : "a norm of queries and keys of this kind",
        (SessionStep.CrossAttention, At.Norm) => session is { ContextTokens: > 0, JoinsTokens: false } ? null
            : "cross-attention to joined tokens",
        (SessionStep.Push or SessionStep.Pop, _) => at == At.Start ? null : "a long skip inside a branch",
        (SessionStep.SelfAttention or SessionStep.CrossAttention, _) => "attention without a norm before it",
        (SessionStep.Project, _) => at == At.Attention ? null : "a projection without attention before it",
        (SessionStep.Mlp, _) => at == At.Norm ? null : "an MLP without a norm before it",
        (SessionStep.Residual { Gate: { } gate }, At.Branch) => HasParts(session, gate) ? null : "a gate without its modulation",
        (SessionStep.Residual, _) => at == At.Branch ? null : "a residual without a branch before it",
        (SessionStep.Output, _) => at == At.Norm ? null : "an output layer without a norm before it",
        _ => $"the step {step.GetType().Name}",
    };

    private static bool IsKnown(nn.Module? headNorm) => headNorm is null or AffineLayerNorm or RmsNorm;

    private static bool HasParts(SessionSteps session, params ReadOnlySpan<int> parts)
    {
        foreach (var part in parts)
            if (part < 0 || (part + 1L) * session.Card.Width > session.ModulationLength) return false;
        return true;
    }
}
