using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Runs the steps by libtorch's operators, on every device and in every type: in place where it can, and the modulation comes ready.</summary>
/// <remarks>
/// Within a trajectory nothing waits for the device: the rows go there once, and are taken again for every step. Threads that call it at once take turns.
/// </remarks>
internal sealed class OperatorEngine(SessionSteps steps, IFusedOperations operations) : StepEngine
{
    private readonly Lock turn = new();
    private readonly int width = steps.Card.Width;
    private readonly IReadOnlyList<SessionStep> paired = StepPairs.Pair(steps.Steps);
    private int[]? indexed; // the rows that index holds: a trajectory passes the same array each time
    private Tensor? index;

    public OperatorEngine(SessionSteps steps) : this(steps, new TorchOperations()) { }

    public override string Name => operations.Name;

    public override long PackedBytes => 0;

    public override Tensor Run(Tensor x, Tensor condition, int[] rows)
    {
        lock (turn) return RunAlone(x, condition, rows);
    }

    private Tensor RunAlone(Tensor x, Tensor condition, int[] rows)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var passes = rows.Length;
        var entering = condition.index_select(0, Index(rows, condition.device)); // (passes, parts D) or (passes, M, D)
        var image = steps.Patches.call(x).add_(steps.Positions, Scalars.One);
        var tokens = passes == x.shape[0] ? image.contiguous() : image.repeat([passes / x.shape[0], 1, 1]);
        if (steps.JoinsTokens) tokens = cat([tokens, entering], dim: 1);
        Tensor a = tokens, o = tokens, y = tokens, patches = tokens;
        foreach (var step in paired)
        {
            switch (step)
            {
                case SessionStep.AdaptiveNorm norm: a = operations.Modulate(tokens, Part(entering, norm.Shift), Part(entering, norm.Scale), norm.Eps); break;
                case SessionStep.LearnedNorm norm: a = norm.Norm.call(tokens); break;
                case SessionStep.NoNorm: a = tokens; break;
                case SessionStep.SelfAttention attention: o = SelfAttention(a, attention); break;
                case SessionStep.CrossAttention attention: o = CrossAttention(a, entering, attention); break;
                case SessionStep.Project project: y = project.Layer.call(o); o.Dispose(); break;
                case SessionStep.Mlp mlp: y = Mlp(a, mlp); break;
                case SessionStep.ResidualNorm(var gate, var norm):
                    a = operations.AddAndModulate(tokens, y, Gate(entering, gate), Part(entering, norm.Shift), Part(entering, norm.Scale), norm.Eps);
                    break;
                case SessionStep.Residual residual: operations.Add(tokens, y, Gate(entering, residual.Gate)); break;
                case SessionStep.Output output: patches = output.Layer.call(a.narrow(1, 0, steps.Card.Tokens)); break;
                default: throw new InvalidOperationException($"Unknown step {step}.");
            }
            if (step is SessionStep.Residual or SessionStep.ResidualNorm) y.Dispose();
            if (step is SessionStep.SelfAttention or SessionStep.CrossAttention or SessionStep.Mlp && !ReferenceEquals(a, tokens)) a.Dispose();
        }
        var card = steps.Card;
        return Functional.Unpatchify(patches, card.Input.Height / card.PatchSize, card.Input.Width / card.PatchSize, card.PatchSize, card.OutputChannels).MoveToOuterDisposeScope();
    }

    public override void Dispose() // the weights are the model's
    {
        lock (turn)
        {
            index?.Dispose();
            (index, indexed) = (null, null);
        }
    }

    private Tensor Index(int[] rows, Device device)
    {
        if (index is not null && ReferenceEquals(indexed, rows)) return index;
        index?.Dispose();
        indexed = rows;
        return index = tensor(Array.ConvertAll(rows, static row => (long)row), device: device).DetachFromDisposeScope();
    }

    private Tensor? Gate(Tensor modulation, int? gate) => gate is { } index ? Part(modulation, index) : null;

    private Tensor Part(Tensor modulation, int index) => modulation.narrow(1, (long)index * width, width).unsqueeze(1); // (passes, 1, D)

    private static Tensor SelfAttention(Tensor a, SessionStep.SelfAttention attention)
    {
        using var scope = NewDisposeScope();
        return Functional.Attention(attention.Qkv.call(a), attention.Heads).MoveToOuterDisposeScope();
    }

    private Tensor CrossAttention(Tensor a, Tensor context, SessionStep.CrossAttention attention)
    {
        using var scope = NewDisposeScope();
        var queries = attention.Q.call(a).view(a.shape[0], a.shape[1], attention.Heads, width / attention.Heads).transpose(1, 2); // (N, H, T, K)
        var pairs = attention.Kv.call(context).view(context.shape[0], context.shape[1], 2, attention.Heads, width / attention.Heads).permute(2, 0, 3, 1, 4).unbind(0); // 2 x (N, H, M, K)
        return nn.functional.scaled_dot_product_attention(queries, pairs[0], pairs[1]).transpose(1, 2).reshape(a.shape).MoveToOuterDisposeScope(); // (N, T, D)
    }

    private static Tensor Mlp(Tensor a, SessionStep.Mlp mlp)
    {
        using var scope = NewDisposeScope();
        var hidden = mlp.First.call(a);
        return mlp.Second.call(nn.functional.gelu(hidden, GELU.Approximate.tanh, inplace: true)).MoveToOuterDisposeScope();
    }
}
