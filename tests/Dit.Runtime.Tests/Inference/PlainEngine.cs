using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The steps of a session as their definitions say, one operator each and nothing in place: what engines are compared
/// with.
/// </summary>
internal sealed class PlainEngine(SessionSteps session) : StepEngine
{
    public override string Name => "plain";

    public override long PackedBytes => 0;

    public override Tensor Run(Tensor x, Tensor condition, int[] rows)
    {
        using var scope = NewDisposeScope();
        var given = stack([.. rows.Select(row => condition[row])]);
        var images = cat([.. Enumerable.Repeat(x, (int)(rows.Length / x.shape[0]))]);
        var tokens = session.Patches.call(images) + session.ImagePositions;
        if (session.JoinsTokens) tokens = cat([tokens, given], dim: 1);
        var (branch, skips) = (tokens, new Stack<Tensor>());
        foreach (var step in session.Steps)
        {
            if (step is SessionStep.Push) skips.Push(tokens);
            if (step is SessionStep.Pop pop) branch = tokens = pop.Layer.call(cat([tokens, skips.Pop()], dim: -1));
            if (step is SessionStep.Push or SessionStep.Pop) continue;
            if (step is SessionStep.Residual residual) branch = tokens += residual.Gate is { } gate ? Part(given, gate) * branch : branch;
            else branch = Next(step, tokens, branch, given);
        }
        return branch.MoveToOuterDisposeScope();
    }

    private Tensor Next(SessionStep step, Tensor tokens, Tensor branch, Tensor given) => step switch
    {
        SessionStep.AdaptiveNorm norm => Normal(tokens, norm.Eps) * (1 + Part(given, norm.Scale)) + Part(given, norm.Shift),
        SessionStep.LearnedNorm { Norm: var norm } => Normal(tokens, norm.Eps) * norm.weight + norm.bias,
        SessionStep.Identity => tokens,
        SessionStep.SelfAttention self => Attention(self.Qkv.call(branch).chunk(3, dim: -1), self.Heads),
        SessionStep.CrossAttention cross => Attention([cross.Q.call(branch), .. cross.Kv.call(given).chunk(2, dim: -1)], cross.Heads),
        SessionStep.Project project => project.Layer.call(branch),
        SessionStep.Mlp mlp =>
            mlp.Second.call(nn.functional.gelu(mlp.First.call(branch), mlp.IsExact ? GELU.Approximate.none : GELU.Approximate.tanh)),
        SessionStep.Output output => Image(output.Layer.call(branch[.., ..session.Card.Tokens])),
        _ => throw new NotSupportedException($"{step}"),
    };

    private Tensor Part(Tensor modulation, int part) =>
        modulation.chunk(session.ModulationLength / session.Card.Width, dim: 1)[part].unsqueeze(1);

    private static Tensor Normal(Tensor x, double eps)
    {
        var difference = x - x.mean([-1], keepdim: true);
        return difference / (difference.square().mean([-1], keepdim: true) + eps).sqrt();
    }

    private static Tensor Attention(Tensor[] qkv, int heads)
    {
        var parts = qkv.Select(part => part.reshape(part.shape[0], part.shape[1], heads, -1).transpose(1, 2)).ToArray(); // (N, H, T, K)
        var weights = (parts[0].matmul(parts[1].transpose(-2, -1)) / Math.Sqrt(parts[0].shape[^1])).softmax(-1);
        return weights.matmul(parts[2]).transpose(1, 2).reshape(qkv[0].shape);
    }

    private Tensor Image(Tensor patches)
    {
        var (card, p) = (session.Card, session.Card.PatchSize);
        var (rows, columns) = (card.Input.Height / p, card.Input.Width / p);
        var down = patches.chunk(rows, dim: 1)
            .Select(row => cat([.. row.unbind(1).Select(patch => patch.view(-1, p, p, card.OutputChannels))], dim: 2));
        Assert.Equal(rows * columns, patches.shape[1]);
        return cat([.. down], dim: 1).permute(0, 3, 1, 2);
    }

    public override void Dispose() { }
}
