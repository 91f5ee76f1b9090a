using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary><c>x W^T + b</c>, x (..., K), W (N, K), b (N), all dense.</summary>
internal sealed unsafe class LinearFunction : autograd.SingleTensorFunction<LinearFunction>
{
    // Below, the weights are read for so few rows that reading them takes the time, and putting them in order as much again.
    private const int FewestRows = 64;

    public override string Name => nameof(LinearFunction);

    /// <summary>Whether it is the faster way.</summary>
    public static bool Suits(Tensor x, Tensor weight, Tensor bias) =>
        TrainingKernels.MultipliesFaster && TrainingFunctions.For(x, weight, bias) is not null && x.numel() / weight.shape[1] >= FewestRows;

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
        ctx.save_for_backward([x, weight]);
        var y = TrainingFunctions.Unset([.. x.shape[..^1], weight.shape[0]]);
        var (rows, into, from) = Sizes(x, weight);
        TrainingKernels.Chosen?.Multiply(
            Matrix.Dense(TrainingFunctions.Pointer(x), rows, from), Matrix.Dense(TrainingFunctions.Pointer(weight), into, from).Transposed,
            TrainingFunctions.Pointer(y), TrainingFunctions.Pointer(bias));
        return y;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var passed = grad_output;
        var saved = ctx.get_saved_variables();
        var (x, weight, gradient) = (saved[0], saved[1], grad_output.contiguous());
        return is_grad_enabled() || TrainingKernels.Chosen is not { } kernels ? ByOperators(x, weight, gradient) : ByKernels(kernels, x, weight, gradient);
    }

    private static List<Tensor?> ByKernels(TrainingKernels kernels, Tensor x, Tensor weight, Tensor gradient)
    {
        var (rows, into, from) = Sizes(x, weight);
        var dWeight = TrainingFunctions.Unset(into, from);
        var g = Matrix.Dense(TrainingFunctions.Pointer(gradient), rows, into);
        kernels.Multiply(g.Transposed, Matrix.Dense(TrainingFunctions.Pointer(x), rows, from), TrainingFunctions.Pointer(dWeight), null);
        var dBias = TrainingFunctions.SumRows(kernels, g.Start, rows, into);
        if (!x.requires_grad) return TrainingFunctions.Give(null, dWeight, dBias);
        var dx = TrainingFunctions.Unset(x.shape);
        kernels.Multiply(g, Matrix.Dense(TrainingFunctions.Pointer(weight), into, from), TrainingFunctions.Pointer(dx), null);
        return TrainingFunctions.Give(dx, dWeight, dBias);
    }

    private static List<Tensor?> ByOperators(Tensor x, Tensor weight, Tensor gradient)
    {
        var g = gradient.reshape(-1, weight.shape[0]);
        return TrainingFunctions.Give(gradient.matmul(weight), g.t().matmul(x.reshape(-1, weight.shape[1])), g.sum(0, keepdim: false));
    }

    private static (int Rows, int Into, int From) Sizes(Tensor x, Tensor weight) =>
        ((int)(x.numel() / weight.shape[1]), (int)weight.shape[0], (int)weight.shape[1]);
}
