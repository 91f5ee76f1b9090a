using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>The tanh form of GELU (arXiv 1606.08415) of a dense tensor.</summary>
internal sealed unsafe class GeluFunction : autograd.SingleTensorFunction<GeluFunction>
{
    private const int Piece = 32 * 1024; // numbers that one task does

    public override string Name => nameof(GeluFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, tools) = ((Tensor)vars[0], TrainingTools.Of(ctx, vars));
        ctx.save_for_backward([x]);
        var result = tools.Empty(x.shape);
        var (from, to) = (new Numbers(x), new Numbers(result));
        tools.Loop.Run(from.Pieces, piece => tools.Kernels.Gelu(from[piece], to[piece], from.Length(piece)));
        return result;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var passed = grad_output;
        var (x, tools) = (ctx.get_saved_variables()[0], TrainingTools.Of(ctx));
        if (is_grad_enabled()) return tools.Return(grad_output * Slope(x), null);
        var result = tools.Empty(x.shape);
        var (from, by, to) = (new Numbers(x), new Numbers(grad_output.contiguous()), new Numbers(result));
        tools.Loop.Run(from.Pieces, piece => tools.Kernels.GeluGradient(from[piece], by[piece], to[piece], from.Length(piece)));
        return tools.Return(result, null);
    }

    private static Tensor Slope(Tensor x)
    {
        const double root = 1.5957691216057308; // 2 sqrt(2 / pi)
        var s = (root * (x + 0.044715 * x.pow(3))).sigmoid();
        return s + x * s * (1 - s) * root * (1 + 3 * 0.044715 * x.pow(2));
    }

    // A dense tensor in pieces.
    private readonly struct Numbers(Tensor tensor)
    {
        private readonly float* start = TensorPointer.Of(tensor);
        private readonly long length = tensor.numel();

        public int Pieces => (int)((length + Piece - 1) / Piece);

        public float* this[int piece] => start + (long)piece * Piece;

        public long Length(int piece) => Math.Min(Piece, length - (long)piece * Piece);
    }
}
