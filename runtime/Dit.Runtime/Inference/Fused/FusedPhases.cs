using System.Diagnostics;
using System.Runtime.InteropServices;
using Dit.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Packs the weights of a session's steps and gathers the steps into phases.</summary>
/// <param name="session">The session, in an order that <see cref="FusedOrder"/> has no obstacle to.</param>
/// <param name="kernels">The kernels.</param>
/// <param name="workers">Who packs.</param>
/// <param name="packed">Gets everything that is to be freed with the engine.</param>
/// <param name="layout">How the weights of the blocks lie.</param>
internal sealed class FusedPhases(SessionSteps session, CpuKernels kernels, TaskLoop workers, List<IDisposable> packed, WeightLayout layout)
{
    private readonly int width = session.Card.Width;
    private readonly List<FusedPhase> phases = [];
    private readonly List<TokenStep> pending = [];
    private readonly List<ContextLayer> layers = [];
    private int skips; // sequences on the stack
    private RotaryPositions? turned; // whose angles are kept: all blocks have the same
    private RotaryAngles? angles;
    private NativeBuffer? branchBias; // of the branch's last layer, added with the residual

    /// <summary>What makes keys and values of tokens that do not change with the time, step by step.</summary>
    public IReadOnlyList<ContextLayer> Layers => layers;

    public IReadOnlyList<FusedPhase> Pack()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (session.Sizes is { AttendedTokens: > 0 and var attended, IsContextFixed: false }) phases.Add(new ContextPhase(attended, width));
        pending.Add(Embed());
        for (var i = 0; i < session.Steps.Count; i++) Add(session.Steps[i], i + 1 < session.Steps.Count ? session.Steps[i + 1] : null);
        Flush();
        return phases;
    }

    private void Add(SessionStep step, SessionStep? next)
    {
        using var scope = NewDisposeScope(); // sums of weights and adapters are freed step by step
        switch (step)
        {
            case SessionStep.AdaptiveNorm norm:
                pending.Add(Norm(norm));
                break;
            case SessionStep.LearnedRmsNorm { Norm: var norm }:
                pending.Add(new RmsNormStep(kernels, Keep(norm.weight), null, null, width, (float)norm.Eps));
                break;
            case SessionStep.LearnedNorm { Norm: var norm }:
                pending.Add(new NormStep(kernels, Keep(cat([norm.weight, norm.bias])), 0, width, width, (float)norm.Eps));
                break;
            case SessionStep.Identity: pending.Add(new CopyStep(kernels, width)); break;
            case SessionStep.SelfAttention attention: Attend(attention, next); break;
            case SessionStep.CrossAttention attention: Attend(attention, next); break;
            case SessionStep.Project project: pending.Add(new ProjectStep(kernels, All(project.Layer, layout))); break;
            case SessionStep.Mlp mlp: pending.Add(Mlp(mlp)); break;
            case SessionStep.Residual { Gate: var gate }:
                pending.Add(new ResidualStep(kernels, branchBias ?? throw Disorder(step), gate is { } part ? (long)part * width : null,
                    width));
                break;
            case SessionStep.Push: pending.Add(new PushStep(skips++)); break;
            case SessionStep.Pop pop: pending.Add(Pop(pop)); break;
            case SessionStep.Output { Layer: var layer }:
                pending.Add(new OutputStep(kernels, All(layer, WeightLayout.Whole), Keep(Bias(layer)), session.Sizes));
                break;
            default: throw Disorder(step);
        }
    }

    private TokenStep Norm(SessionStep.AdaptiveNorm norm)
    {
        var (scale, shift, eps) = ((long)norm.Scale * width, (long?)norm.Shift * width, (float)norm.Eps);
        return norm.Rms is { } rms
            ? new RmsNormStep(kernels, Keep(rms.weight), scale, shift, width, eps)
            : new NormStep(kernels, null, scale, shift, width, eps);
    }

    private static UnreachableException Disorder(SessionStep step) => new($"The step {step} cannot be fused there.");

    private void Flush()
    {
        if (pending.Count > 0) phases.Add(new TokenPhase([.. pending]));
        pending.Clear();
    }

    private EmbedStep Embed()
    {
        var proj = session.Patches.Projection;
        var depth = (int)(proj.weight.numel() / width);
        var added = session.ImagePositions.reshape(-1, width) + proj.bias;
        var rows = session.JoinsTokens ? cat([added, zeros(session.ContextTokens, width)]) : added;
        return new(kernels, Pack(proj.weight, depth, [0..width], WeightLayout.Whole), Keep(rows), session.Sizes);
    }

    // A head's queries, keys and values below each other: what one task needs lies together.
    private void Attend(SessionStep.SelfAttention attention, SessionStep? next)
    {
        Flush();
        var (qkv, weight, k) = (attention.Qkv, LoraAdapter.WeightOf(attention.Qkv), width / attention.Heads);
        var heads = Enumerable.Range(0, attention.Heads)
            .Select(h => Pack(weight, width, [Head(h, k, 0), Head(h, k, width), Head(h, k, 2 * width)], layout)).ToArray();
        branchBias = ProjectionBias(attention, next, Bias(qkv).narrow(0, 2 * width, width));
        phases.Add(new AttentionPhase(
            kernels, heads, null, Keep(Bias(qkv).narrow(0, 0, width)), k, attention.IsPlain ? null : Preparation(attention, k)));
    }

    // A norm takes the scale of the scores with its own; turning keeps it.
    private HeadPreparation Preparation(SessionStep.SelfAttention attention, int k)
    {
        var keyBias = Keep(Bias(attention.Qkv).narrow(0, width, width));
        if (attention.Rotary is { } rotary && !ReferenceEquals(rotary, turned)) (turned, angles) = (rotary, Angles(rotary));
        return new(
            kernels, k, keyBias, HeadNorm(attention.QueryNorm, k, 1 / Math.Sqrt(k)), HeadNorm(attention.KeyNorm, k, 1),
            attention.Rotary is null ? null : angles);
    }

    private HeadNorm? HeadNorm(nn.Module? norm, int k, double factor) => norm switch
    {
        AffineLayerNorm layer => new(kernels, Keep(layer.weight * factor), Keep(layer.bias * factor), k, (float)layer.Eps),
        RmsNorm rms => new(kernels, Keep(rms.weight * factor), null, k, (float)rms.Eps),
        _ => null,
    };

    // A row for each channel of a head, so that any panel's tokens lie in a row together.
    private RotaryAngles Angles(RotaryPositions rotary)
    {
        var stride = TokenLayout.Vectors(session.Tokens, kernels.Lanes, layout.PanelsAlike) * kernels.Lanes;
        return new(Rows(rotary.Tables.Cosines), Rows(rotary.Tables.Sines), stride);

        NativeBuffer Rows(Tensor table) => Keep(nn.functional.pad(table.t(), [0, stride - session.Tokens]));
    }

    private void Attend(SessionStep.CrossAttention attention, SessionStep? next)
    {
        var (kv, k) = (LoraAdapter.WeightOf(attention.Kv), width / attention.Heads);
        var pairs = Enumerable.Range(0, attention.Heads)
            .Select(h => Pack(kv, width, [Head(h, k, 0), Head(h, k, width)], WeightLayout.Whole)).ToArray();
        branchBias = ProjectionBias(attention, next, Bias(attention.Kv).narrow(0, width, width));
        if (session.IsContextFixed)
        {
            // Keys and values are there: what is left of attention is done token by token.
            pending.Add(new AttendStep(kernels, All(attention.Q, layout), Keep(Bias(attention.Q)), layers.Count, attention.Heads, k));
            layers.Add(new(kernels, pairs, k));
            return;
        }
        Flush();
        var q = LoraAdapter.WeightOf(attention.Q);
        var queries = Enumerable.Range(0, attention.Heads).Select(h => Pack(q, width, [Head(h, k, 0)], layout)).ToArray();
        phases.Add(new AttentionPhase(kernels, queries, pairs, Keep(Bias(attention.Q)), k));
    }

    private static Range Head(int head, int k, int first) => (first + head * k)..(first + (head + 1) * k);

    // The weights of attention sum to one, so the bias of the values passes through to the projection: W (o + b) = W o
    // + W b.
    private NativeBuffer ProjectionBias(SessionStep attention, SessionStep? next, Tensor valueBias) =>
        next is SessionStep.Project { Layer: var layer }
            ? Keep(Bias(layer) + LoraAdapter.WeightOf(layer).mv(valueBias))
            : throw Disorder(attention);

    // Of a gate, what is gated and its gate lie below each other in a piece.
    private MlpStep Mlp(SessionStep.Mlp mlp)
    {
        var (first, second) = (LoraAdapter.WeightOf(mlp.First), LoraAdapter.WeightOf(mlp.Second));
        var hidden = (int)second.shape[1];
        var isGated = mlp.Activation == HiddenActivation.SwiGlu;
        var pieces = Enumerable.Range(0, (hidden + MlpStep.Piece - 1) / MlpStep.Piece).Select(i =>
        {
            var (from, to) = (i * MlpStep.Piece, Math.Min((i + 1) * MlpStep.Piece, hidden));
            return Pack(first, width, isGated ? [from..to, (hidden + from)..(hidden + to)] : [from..to], layout);
        }).ToArray();
        branchBias = Keep(Bias(mlp.Second));
        return new(kernels, pieces, Keep(Bias(mlp.First)), Pack(second, hidden, [0..width], layout), mlp.Activation);
    }

    // The tokens and what comes back are not side by side in memory: half of the layer for each.
    private PopStep Pop(SessionStep.Pop pop)
    {
        var weights = LoraAdapter.WeightOf(pop.Layer).chunk(2, dim: 1);
        var halves = weights.Select(half => Pack(half, width, [0..width], WeightLayout.Whole)).ToArray();
        return new(kernels, --skips, halves[0], halves[1], Keep(Bias(pop.Layer)), width);
    }

    private PackedWeights All(Linear layer, WeightLayout layout) =>
        Pack(LoraAdapter.WeightOf(layer), (int)layer.weight.shape[1], [0..(int)layer.weight.shape[0]], layout);

    private unsafe PackedWeights Pack(Tensor weight, int depth, Range[] groups, WeightLayout layout)
    {
        using var rows = weight.contiguous();
        var weights = layout.Pack(new(TensorPointer.Of(rows), depth), groups, kernels.TileRows, workers);
        packed.Add(weights);
        return weights;
    }

    private static Tensor Bias(Linear layer) => layer.bias ?? zeros(layer.weight.shape[0]);

    private NativeBuffer Keep(Tensor values)
    {
        using var row = values.contiguous();
        var buffer = new NativeBuffer(row.numel());
        MemoryMarshal.Cast<byte, float>(row.bytes).CopyTo(buffer.Span);
        packed.Add(buffer);
        return buffer;
    }
}
