using Dit.Kernels;
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

    private sealed class Context(Tensor tokens, Tensor? mask) : AttendedTokens
    {
        public Tensor Tokens { get; } = tokens.clone().DetachFromDisposeScope();

        public Tensor? Mask { get; } = mask?.clone().DetachFromDisposeScope();

        public override void Dispose()
        {
            Tokens.Dispose();
            Mask?.Dispose();
        }
    }

    public override AttendedTokens Attend(Tensor tokens, Tensor? mask) => new Context(tokens, mask);

    public override Tensor Run(Tensor x, Tensor condition, int[] rows, AttendedTokens? attended = null)
    {
        using var scope = NewDisposeScope();
        var given = stack([.. rows.Select(row => condition[row])]);
        var (context, mask) = attended is Context { Tokens: var all, Mask: var some }
            ? (stack([.. rows.Select(row => all[row])]), some is null ? null : stack([.. rows.Select(row => some[row])]))
            : (given, null);
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
            else branch = Next(step, tokens, branch, given, context, mask);
        }
        return branch.MoveToOuterDisposeScope();
    }

    private Tensor Next(SessionStep step, Tensor tokens, Tensor branch, Tensor given, Tensor context, Tensor? mask) => step switch
    {
        SessionStep.AdaptiveNorm norm =>
            (norm.Rms is { } rms ? Rms(tokens, rms) : Normal(tokens, norm.Eps)) * (1 + Part(given, norm.Scale))
                + (norm.Shift is { } shift ? Part(given, shift) : zeros_like(Part(given, norm.Scale))),
        SessionStep.LearnedRmsNorm { Norm: var norm } => Rms(tokens, norm),
        SessionStep.LearnedNorm { Norm: var norm } => Normal(tokens, norm.Eps) * norm.weight + norm.bias,
        SessionStep.Identity => tokens,
        SessionStep.SelfAttention self => Attention(self.Qkv.call(branch).chunk(3, dim: -1), self.Heads, self),
        SessionStep.CrossAttention cross => Attention(
            [cross.Q.call(branch), .. cross.Kv.call(context).chunk(2, dim: -1)], cross.Heads, new(cross.Q, cross.Heads), mask),
        SessionStep.Project project => project.Layer.call(branch),
        SessionStep.Mlp mlp => mlp.Second.call(Active(mlp.First.call(branch), mlp.Activation)),
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

    private static Tensor Rms(Tensor x, RmsNorm norm) => x / (x.square().mean([-1], keepdim: true) + norm.Eps).sqrt() * norm.weight;

    private static Tensor Active(Tensor x, HiddenActivation activation) => activation switch
    {
        HiddenActivation.Gelu => nn.functional.gelu(x, GELU.Approximate.tanh),
        HiddenActivation.ExactGelu => nn.functional.gelu(x, GELU.Approximate.none),
        _ => x.chunk(2, dim: -1) is var halves ? halves[0] * halves[0].sigmoid() * halves[1] : x,
    };

    private static Tensor Prepared(Tensor x, nn.Module? norm, RotaryPositions? rotary)
    {
        x = norm switch
        {
            AffineLayerNorm layer => Normal(x, layer.Eps) * layer.weight + layer.bias,
            RmsNorm rms => Rms(x, rms),
            _ => x,
        };
        if (rotary is null) return x;
        Tensor[] channels = [.. Enumerable.Range(0, (int)x.shape[^1]).Select(i =>
            x[.., .., .., i] * rotary.Tables.Cosines[.., i]
                + (i % 2 == 0 ? -x[.., .., .., i + 1] : x[.., .., .., i - 1]) * rotary.Tables.Sines[.., i])];
        return stack(channels, dim: -1);
    }

    private static Tensor Attention(Tensor[] qkv, int heads, SessionStep.SelfAttention self, Tensor? mask = null)
    {
        var parts = qkv.Select(part => part.reshape(part.shape[0], part.shape[1], heads, -1).transpose(1, 2)).ToArray(); // (N, H, T, K)
        (parts[0], parts[1]) = (Prepared(parts[0], self.QueryNorm, self.Rotary), Prepared(parts[1], self.KeyNorm, self.Rotary));
        var scores = parts[0].matmul(parts[1].transpose(-2, -1)) / Math.Sqrt(parts[0].shape[^1]);
        if (mask is not null)
            scores = scores.masked_fill(mask.logical_not()[.., TensorIndex.None, TensorIndex.None, ..], double.NegativeInfinity);
        var weights = scores.softmax(-1);
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
