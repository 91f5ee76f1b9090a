using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Packs the weights of a plan's steps and gathers the steps into phases.</summary>
/// <param name="plan">The plan.</param>
/// <param name="kernels">The kernels.</param>
/// <param name="workers">Who packs.</param>
/// <param name="packed">Gets everything that is to be freed with the engine.</param>
/// <param name="halved">Whether tokens lie in pairs of panels, for products of halves.</param>
internal sealed class FusedPhases(PlanSteps plan, CpuKernels kernels, Workers workers, List<IDisposable> packed, bool halved)
{
    private readonly int width = plan.Card.Width;
    private readonly List<FusedPhase> phases = [];
    private readonly List<TokenStep> pending = [];
    private NativeBuffer? branchBias; // of the branch's last layer, added with the residual

    public IReadOnlyList<FusedPhase> Pack()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (plan is { ContextTokens: > 0, JoinsTokens: false }) phases.Add(new ContextPhase(plan.ContextTokens, width));
        pending.Add(Embed());
        for (var i = 0; i < plan.Steps.Count; i++) Add(plan.Steps[i], i + 1 < plan.Steps.Count ? plan.Steps[i + 1] : null);
        Flush();
        return phases;
    }

    private void Add(PlanStep step, PlanStep? next)
    {
        switch (step)
        {
            case PlanStep.AdaptiveNorm norm: pending.Add(new NormStep(kernels, null, (long)norm.Scale * width, (long)norm.Shift * width, width, (float)norm.Eps)); break;
            case PlanStep.LearnedNorm { Norm: var norm }: pending.Add(new NormStep(kernels, Keep(cat([norm.weight, norm.bias])), 0, width, width, (float)ScaledNorm.Eps)); break;
            case PlanStep.NoNorm: pending.Add(new CopyStep(kernels, width)); break;
            case PlanStep.SelfAttention attention: Attend(attention, next); break;
            case PlanStep.CrossAttention attention: Attend(attention, next); break;
            case PlanStep.Project project: pending.Add(new ProjectStep(kernels, Whole(project.Layer, halved))); break;
            case PlanStep.Mlp mlp: pending.Add(Mlp(mlp)); break;
            case PlanStep.Residual { Gate: var gate }: pending.Add(new ResidualStep(kernels, branchBias ?? throw Disorder(step), gate is { } part ? (long)part * width : null, width)); break;
            case PlanStep.Output { Layer: var layer }: pending.Add(new OutputStep(kernels, Whole(layer), Keep(Bias(layer)), plan.Card)); break;
            default: throw Disorder(step);
        }
    }

    private static InvalidOperationException Disorder(PlanStep step) => new($"A plan cannot have the step {step} there.");

    private void Flush()
    {
        if (pending.Count > 0) phases.Add(new TokenPhase([.. pending]));
        pending.Clear();
    }

    private EmbedStep Embed()
    {
        var proj = plan.Patches.Projection;
        var depth = (int)(proj.weight.numel() / width);
        var added = plan.Positions.view(-1, width) + proj.bias;
        var rows = plan.JoinsTokens ? cat([added, zeros(plan.ContextTokens, width)]) : added;
        return new(kernels, Pack(proj.weight, depth, [0..width]), Keep(rows), plan.Card);
    }

    // A head's queries, keys and values below each other: what one task needs lies together.
    private void Attend(PlanStep.SelfAttention attention, PlanStep? next)
    {
        Flush();
        var (qkv, k) = (attention.Qkv, width / attention.Heads);
        var heads = Enumerable.Range(0, attention.Heads)
            .Select(h => Pack(qkv.weight, width, [Head(h, k, 0), Head(h, k, width), Head(h, k, 2 * width)], halved)).ToArray();
        branchBias = ProjectionBias(next, Bias(qkv).narrow(0, 2 * width, width));
        phases.Add(new AttentionPhase(kernels, heads, null, Keep(Bias(qkv).narrow(0, 0, width)), k));
    }

    private void Attend(PlanStep.CrossAttention attention, PlanStep? next)
    {
        Flush();
        var k = width / attention.Heads;
        var queries = Enumerable.Range(0, attention.Heads).Select(h => Pack(attention.Q.weight, width, [Head(h, k, 0)], halved)).ToArray();
        var pairs = Enumerable.Range(0, attention.Heads).Select(h => Pack(attention.Kv.weight, width, [Head(h, k, 0), Head(h, k, width)])).ToArray();
        branchBias = ProjectionBias(next, Bias(attention.Kv).narrow(0, width, width));
        phases.Add(new AttentionPhase(kernels, queries, pairs, Keep(Bias(attention.Q)), k));
    }

    private static Range Head(int head, int k, int first) => (first + head * k)..(first + (head + 1) * k);

    // The weights of attention sum to one, so the bias of the values passes through to the projection: W (o + b) = W o + W b.
    private NativeBuffer ProjectionBias(PlanStep? next, Tensor valueBias) =>
        next is PlanStep.Project { Layer: var layer } ? Keep(Bias(layer) + layer.weight.mv(valueBias)) : throw new InvalidOperationException("Attention is followed by its projection.");

    private MlpStep Mlp(PlanStep.Mlp mlp)
    {
        var hidden = (int)mlp.First.weight.shape[0];
        var pieces = Enumerable.Range(0, (hidden + MlpStep.Piece - 1) / MlpStep.Piece)
            .Select(i => Pack(mlp.First.weight, width, [(i * MlpStep.Piece)..Math.Min((i + 1) * MlpStep.Piece, hidden)], halved)).ToArray();
        branchBias = Keep(Bias(mlp.Second));
        return new(kernels, pieces, Keep(Bias(mlp.First)), Pack(mlp.Second.weight, hidden, [0..width], halved));
    }

    private PackedWeights Whole(Linear layer, bool halved = false) => Pack(layer.weight, (int)layer.weight.shape[1], [0..(int)layer.weight.shape[0]], halved);

    private PackedWeights Pack(Tensor weight, int depth, Range[] groups, bool halved = false)
    {
        using var rows = weight.contiguous();
        var weights = PackedWeights.Pack(rows, depth, groups, kernels.TileRows, workers, halved && depth % 2 == 0);
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
