using Dit.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Runs any order of steps by libtorch's operators, on every device and in every type. The modulation is an input.
/// </summary>
/// <remarks>
/// Within a trajectory nothing waits for the device: the rows are copied there once and used for every step. Threads
/// that call it at once take turns.
/// </remarks>
internal sealed class OperatorEngine(SessionSteps steps, IFusedOperations operations) : StepEngine
{
    private readonly Lock turn = new();
    private readonly int width = steps.Card.Width;
    private readonly IReadOnlyList<SessionStep> paired = Pair(RequireOutput(steps.Steps));
    private int[]? indexed; // the rows that index holds: a trajectory passes the same array each time
    private Tensor? index;

    public OperatorEngine(SessionSteps steps) : this(steps, new TorchOperations()) { }

    public override string Name => operations.Name;

    public override long PackedBytes => 0;

    /// <summary>
    /// A residual and the adaptive norm right after it read the same tokens: one step for both, which reads them once.
    /// </summary>
    public static IReadOnlyList<SessionStep> Pair(IReadOnlyList<SessionStep> steps)
    {
        var paired = new List<SessionStep>(steps.Count);
        foreach (var step in steps)
        {
            if (
                step is SessionStep.AdaptiveNorm { Shift: { } shift, Rms: null } norm
                && paired is [.., SessionStep.Residual residual])
                paired[^1] = new SessionStep.ResidualNorm(residual.Gate, shift, norm.Scale, norm.Eps);
            else paired.Add(step);
        }
        return paired;
    }

    private static IReadOnlyList<SessionStep> RequireOutput(IReadOnlyList<SessionStep> steps) =>
        steps is [.., SessionStep.Output] ? steps : throw new InvalidOperationException("The last step of a session is its output layer.");

    public override AttendedTokens Attend(Tensor tokens, Tensor? mask) => new OperatorContext(steps, tokens, mask);

    public override Tensor Run(Tensor x, Tensor condition, int[] rows, AttendedTokens? attended = null)
    {
        lock (turn)
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            var passes = rows.Length;
            var at = Index(rows, condition.device);
            var modulation = condition.index_select(0, at); // (passes, parts D) or (passes, M, D)
            var given = new Given(modulation, attended as OperatorContext, at);
            var image = steps.Patches.call(x).add_(steps.ImagePositions, Scalars.One);
            var tokens = passes == x.shape[0] ? image.contiguous() : image.repeat([passes / x.shape[0], 1, 1]);
            return Run(steps.JoinsTokens ? cat([tokens, modulation], dim: 1) : tokens, given).MoveToOuterDisposeScope();
        }
    }

    // In place on the tokens, which are this run's own. A branch is freed as soon as the next step has read it.
    private Tensor Run(Tensor tokens, Given given)
    {
        var (card, branch, skips, modulation) = (steps.Card, tokens, new Stack<Tensor>(), given.Modulation);
        var attention = 0; // steps that attend to the condition
        Tensor? rotary = null; // the same in all blocks
        foreach (var step in paired)
        {
            if (step is SessionStep.Push)
            {
                skips.Push(tokens.clone());
                continue;
            }
            if (step is SessionStep.Pop pop)
            {
                branch = tokens = Joined(tokens, skips.Pop(), pop.Layer);
                continue;
            }
            var before = branch;
            branch = step switch
            {
                SessionStep.AdaptiveNorm { Shift: { } shift, Rms: null } norm =>
                    operations.Modulate(tokens, Part(modulation, shift), Part(modulation, norm.Scale), norm.Eps),
                SessionStep.AdaptiveNorm norm => Modulate(tokens, norm, Part(modulation, norm.Scale), Gate(modulation, norm.Shift)),
                SessionStep.LearnedNorm norm => norm.Norm.call(tokens),
                SessionStep.LearnedRmsNorm norm => norm.Norm.call(tokens),
                SessionStep.Identity => tokens,
                SessionStep.SelfAttention self => SelfAttention(branch, self, rotary ??= self.Rotary?.call()),
                SessionStep.CrossAttention cross => CrossAttention(branch, given, cross, attention++),
                SessionStep.Project project => project.Layer.call(branch),
                SessionStep.Mlp mlp => Mlp(branch, mlp),
                SessionStep.Residual residual => operations.Add(tokens, branch, Gate(modulation, residual.Gate)),
                SessionStep.ResidualNorm(var gate, var shift, var scale, var eps) => operations.AddAndModulate(
                    tokens, branch, Gate(modulation, gate), Part(modulation, shift), Part(modulation, scale), eps),
                SessionStep.Output output => output.Layer.call(branch.narrow(1, 0, card.Tokens)),
                _ => throw new InvalidOperationException($"Unknown step {step}."),
            };
            if (!ReferenceEquals(before, tokens)) before.Dispose();
        }
        var (rows, columns) = (card.Input.Height / card.PatchSize, card.Input.Width / card.PatchSize);
        return Functional.Unpatchify(branch, rows, columns, card.PatchSize, card.OutputChannels);
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

    // What a run is given beside the tokens: its modulation or the condition's tokens, and what it attends to beside a
    // modulation, with the row of each pass.
    private sealed record Given(Tensor Modulation, OperatorContext? Attended, Tensor Rows);

    private Tensor? Gate(Tensor modulation, int? gate) => gate is { } index ? Part(modulation, index) : null;

    private Tensor Part(Tensor modulation, int index) => modulation.narrow(1, (long)index * width, width).unsqueeze(1); // (passes, 1, D)

    private static Tensor Modulate(Tensor tokens, SessionStep.AdaptiveNorm norm, Tensor scale, Tensor? shift)
    {
        using var scope = NewDisposeScope();
        var normal = norm.Rms?.call(tokens) ?? Functional.LayerNorm(tokens, tokens.shape[^1], norm.Eps);
        return (shift is null ? Functional.Scale(normal, scale) : Functional.ScaleShift(normal, shift, scale)).MoveToOuterDisposeScope();
    }

    private static Tensor SelfAttention(Tensor a, SessionStep.SelfAttention attention, Tensor? rotary)
    {
        using var scope = NewDisposeScope();
        var qkv = attention.Qkv.call(a);
        return (attention.IsPlain
            ? Functional.Attention(qkv, attention.Heads)
            : Functional.Attention(
                qkv, attention.Heads, attention.QueryNorm, attention.KeyNorm, attention.Rotary is null ? null : rotary))
            .MoveToOuterDisposeScope();
    }

    private Tensor CrossAttention(Tensor a, Given given, SessionStep.CrossAttention attention, int number)
    {
        using var scope = NewDisposeScope();
        var (n, t, heads, k) = (a.shape[0], a.shape[1], attention.Heads, width / attention.Heads);
        var queries = attention.Q.call(a).view(n, t, heads, k).transpose(1, 2);                                 // (N, H, T, K)
        if (given.Attended is { } attended)
            return attended.Mixed(number, queries, given.Rows).transpose(1, 2).reshape(a.shape).MoveToOuterDisposeScope(); // (N, T, D)
        var context = given.Modulation;                                                                         // (N, M, D)
        // 2 x (N, H, M, K)
        var pairs = attention.Kv.call(context).view(n, context.shape[1], 2, heads, k).permute(2, 0, 3, 1, 4).unbind(0);
        // (N, T, D)
        return nn.functional.scaled_dot_product_attention(queries, pairs[0], pairs[1]).transpose(1, 2).reshape(a.shape)
            .MoveToOuterDisposeScope();
    }

    private static Tensor Mlp(Tensor a, SessionStep.Mlp mlp)
    {
        using var scope = NewDisposeScope();
        var hidden = mlp.First.call(a);
        if (mlp.Activation == HiddenActivation.SwiGlu) return mlp.Second.call(Functional.SwiGlu(hidden)).MoveToOuterDisposeScope();
        var form = mlp.Activation == HiddenActivation.ExactGelu ? GELU.Approximate.none : GELU.Approximate.tanh;
        return mlp.Second.call(nn.functional.gelu(hidden, form, inplace: true)).MoveToOuterDisposeScope();
    }

    // Both are this run's own, and free now.
    private static Tensor Joined(Tensor tokens, Tensor skip, Linear layer)
    {
        using var both = cat([tokens, skip], dim: -1);
        tokens.Dispose();
        skip.Dispose();
        return layer.call(both);
    }
}

/// <summary>The operations of <see cref="OperatorEngine"/> that more than one library can do.</summary>
/// <remarks>Shifts, scales and gates are (N, 1, D); null is no gate.</remarks>
internal interface IFusedOperations
{
    /// <summary>What they are, in a few words.</summary>
    string Name { get; }

    /// <summary>LayerNorm(x) (1 + scale) + shift.</summary>
    /// <param name="x">(N, T, D).</param>
    /// <param name="shift">(N, 1, D).</param>
    /// <param name="scale">(N, 1, D).</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>A new tensor, (N, T, D).</returns>
    Tensor Modulate(Tensor x, Tensor shift, Tensor scale, double eps);

    /// <summary>x = x + gate y in place, and then <see cref="Modulate"/> of it.</summary>
    Tensor AddAndModulate(Tensor x, Tensor y, Tensor? gate, Tensor shift, Tensor scale, double eps);

    /// <summary>x = x + gate y in place.</summary>
    /// <returns>x itself.</returns>
    Tensor Add(Tensor x, Tensor y, Tensor? gate);
}

/// <summary>By libtorch's operators, on every device and in every type.</summary>
/// <remarks>
/// libtorch's layer_norm takes its mean and variance in float32 when the numbers are bfloat16 or float16, so no copy of
/// them is needed.
/// </remarks>
internal sealed class TorchOperations(string name = "libtorch") : IFusedOperations
{
    public string Name => name;

    public Tensor Modulate(Tensor x, Tensor shift, Tensor scale, double eps) => Functional.Modulate(x, shift, scale, eps);

    public Tensor AddAndModulate(Tensor x, Tensor y, Tensor? gate, Tensor shift, Tensor scale, double eps)
    {
        Add(x, y, gate);
        return Modulate(x, shift, scale, eps);
    }

    public Tensor Add(Tensor x, Tensor y, Tensor? gate)
    {
        using var scope = NewDisposeScope();
        if (gate is null) x.add_(y, Scalars.One);
        else x.addcmul_(gate, y, Scalars.One);
        return x;
    }
}
