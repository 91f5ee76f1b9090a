using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>
/// Multi-head self-attention of (N, T, 3 D), queries, keys and values of all heads side by side, to (N, T, D).
/// </summary>
internal sealed unsafe class AttentionFunction : autograd.SingleTensorFunction<AttentionFunction>
{
    private const string HeadsKey = "heads";

    public override string Name => nameof(AttentionFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (qkv, heads, tools) = ((Tensor)vars[0], (int)vars[1], TrainingTools.Of(ctx, vars));
        ctx.save_for_backward([qkv]);
        ctx.save_data(HeadsKey, heads);
        var sizes = new Sizes(qkv, heads);
        var result = tools.Empty(sizes.Batch, sizes.Tokens, sizes.Width);
        float* from = TensorPointer.Of(qkv), to = TensorPointer.Of(result);
        tools.Loop.Run(sizes.Tasks, task => tools.Kernels.Attention(
            sizes.Tokens, sizes.HeadWidth, sizes.Head(from, task), to + sizes.Offset(task, 1), sizes.Width), 2 * sizes.Products);
        return result;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var passed = grad_output;
        var qkv = ctx.get_saved_variables()[0];
        var (heads, tools) = ((int)ctx.get_data(HeadsKey), TrainingTools.Of(ctx));
        if (is_grad_enabled()) return tools.Return(ByOperators(qkv, heads, grad_output), null, null);
        var sizes = new Sizes(qkv, heads);
        var gradient = grad_output.contiguous();
        var result = tools.Empty(qkv.shape);
        float* from = TensorPointer.Of(qkv), by = TensorPointer.Of(gradient), to = TensorPointer.Of(result);
        tools.Loop.Run(sizes.Tasks, task => tools.Kernels.AttentionGradient(
            sizes.Tokens, sizes.HeadWidth, sizes.Head(from, task), by + sizes.Offset(task, 1), sizes.Width, sizes.Head(to, task)),
                5 * sizes.Products);
        return tools.Return(result, null, null);
    }

    private static Tensor ByOperators(Tensor qkv, int heads, Tensor g)
    {
        var (n, t, width) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3);
        var parts = qkv.view(n, t, 3, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0); // 3 x (N, H, T, K)
        var (q, k, v, o) = (parts[0], parts[1], parts[2], g.view(n, t, heads, width / heads).transpose(1, 2));
        var scale = 1 / Math.Sqrt(width / heads);
        var weights = (q.matmul(k.transpose(-2, -1)) * scale).softmax(-1);
        var slopes = o.matmul(v.transpose(-2, -1));
        var scores = weights * (slopes - (weights * slopes).sum(-1, keepdim: true)) * scale;
        Tensor[] gradients = [scores.matmul(k), scores.transpose(-2, -1).matmul(q), weights.transpose(-2, -1).matmul(o)];
        return stack(gradients).permute(1, 3, 0, 2, 4).reshape(qkv.shape);
    }

    // A task is a head of a sample.
    private readonly struct Sizes(Tensor qkv, int heads)
    {
        public int Batch { get; } = (int)qkv.shape[0];

        public int Tokens { get; } = (int)qkv.shape[1];

        public int Width { get; } = (int)qkv.shape[2] / 3;

        public int HeadWidth => Width / heads;

        public int Tasks => Batch * heads;

        /// <summary>Multiply-adds of queries by keys.</summary>
        public double Products => (double)Batch * Width * Tokens * Tokens;

        /// <summary>The head's first number in rows of so many widths.</summary>
        public long Offset(int task, int widths) => (long)(task / heads) * Tokens * widths * Width + task % heads * HeadWidth;

        public HeadPointers Head(float* start, int task)
        {
            var at = start + Offset(task, 3);
            return new(at, at + Width, at + 2 * Width, 3 * Width);
        }
    }
}
