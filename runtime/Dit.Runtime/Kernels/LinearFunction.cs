using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary><c>x W^T + b</c>, x (..., K), W (N, K), b (N), all dense.</summary>
internal sealed unsafe class LinearFunction : autograd.SingleTensorFunction<LinearFunction>
{
    // Below, the weights are read for so few rows that reading them takes the time, and putting them in order as much
    // again.
    private const int FewestRows = 64;

    public override string Name => nameof(LinearFunction);

    /// <summary>The tools to multiply with, where that is faster than libtorch; else null.</summary>
    public static TrainingTools? ToolsFor(Tensor x, Tensor weight, Tensor bias) =>
        TrainingKernels.MultipliesFaster && x.shape[^1] == weight.shape[1] && x.numel() / weight.shape[1] >= FewestRows
            && weight.is_contiguous()
            ? TrainingScope.ToolsFor(x, weight, bias)
            : null;

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, weight, bias, tools) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], TrainingTools.Of(ctx, vars));
        ctx.save_for_backward([x, weight, bias]);
        var y = tools.Empty([.. x.shape[..^1], weight.shape[0]]);
        var (rows, into, from) = Sizes(x, weight);
        tools.Kernels.Multiply(
            StridedMatrix.Dense(TensorPointer.Of(x), rows, from), StridedMatrix.Dense(TensorPointer.Of(weight), into, from).Transposed,
            TensorPointer.Of(y), TensorPointer.Of(bias), tools.Loop);
        return y;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var passed = grad_output;
        var saved = ctx.get_saved_variables();
        var (x, weight, bias, gradient) = (saved[0], saved[1], saved[2], grad_output.contiguous());
        var tools = TrainingTools.Of(ctx);
        return is_grad_enabled() ? ByOperators(tools, x, weight, gradient) : ByKernels(tools, x, weight, bias, gradient);
    }

    // Of what is not trained, such as the weights below adapters, no gradient is computed.
    private static List<Tensor?> ByKernels(TrainingTools tools, Tensor x, Tensor weight, Tensor bias, Tensor gradient)
    {
        var (rows, into, from) = Sizes(x, weight);
        var g = StridedMatrix.Dense(TensorPointer.Of(gradient), rows, into);
        Tensor? dx = null, dWeight = null;
        if (weight.requires_grad)
        {
            dWeight = tools.Empty(into, from);
            tools.Kernels.Multiply(g.Transposed, StridedMatrix.Dense(TensorPointer.Of(x), rows, from), TensorPointer.Of(dWeight), null,
                tools.Loop);
        }
        var dBias = bias.requires_grad ? tools.SumRows(g.Start, rows, into) : null;
        if (x.requires_grad)
        {
            dx = tools.Empty(x.shape);
            tools.Kernels.Multiply(g, StridedMatrix.Dense(TensorPointer.Of(weight), into, from), TensorPointer.Of(dx), null, tools.Loop);
        }
        return tools.Return(dx, dWeight, dBias, null);
    }

    private static List<Tensor?> ByOperators(TrainingTools tools, Tensor x, Tensor weight, Tensor gradient)
    {
        var g = gradient.reshape(-1, weight.shape[0]);
        return tools.Return(gradient.matmul(weight), g.t().matmul(x.reshape(-1, weight.shape[1])), g.sum(0, keepdim: false), null);
    }

    private static (int Rows, int Into, int From) Sizes(Tensor x, Tensor weight) =>
        ((int)(x.numel() / weight.shape[1]), (int)weight.shape[0], (int)weight.shape[1]);
}
