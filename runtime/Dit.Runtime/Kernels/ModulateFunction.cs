using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary><c>norm(x) (1 + scale) + shift</c>, x (N, T, D) dense, shift and scale (N, 1, D) dense. It keeps x and two numbers a row, not what lies between.</summary>
internal sealed unsafe class ModulateFunction : autograd.SingleTensorFunction<ModulateFunction>
{
    public override string Name => nameof(ModulateFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, shift, scale, eps) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (double)vars[3]);
        var (y, moments) = (TrainingFunctions.Unset(x.shape), TrainingFunctions.Unset(x.shape[0], x.shape[1], 2));
        ctx.save_for_backward([x, scale, moments]);
        ctx.save_data(nameof(eps), eps);
        if (TrainingKernels.Chosen is not { } kernels) return y;
        var (tokens, from, to, m, shifts, scales) = (new Tokens(x), new Rows(x), new Rows(y), new Rows(moments), new Rows(shift), new Rows(scale));
        ParallelLoop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            kernels.Modulate(from[at], shifts[sample], scales[sample], to[at], m[at], rows, tokens.Width, (float)eps);
        });
        return y;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var passed = grad_output;
        var saved = ctx.get_saved_variables();
        var (x, scale, moments) = (saved[0], saved[1], saved[2]);
        if (is_grad_enabled() || TrainingKernels.Chosen is not { } kernels) return ByOperators(x, scale, grad_output, (double)ctx.get_data("eps"));

        var (tokens, gradient) = (new Tokens(x), grad_output.contiguous());
        var dx = TrainingFunctions.Unset(x.shape);
        var (dShift, dScale) = (TrainingFunctions.Unset(tokens.Samples, tokens.Pieces, tokens.Width), TrainingFunctions.Unset(tokens.Samples, tokens.Pieces, tokens.Width));
        var (from, m, g, to) = (new Rows(x), new Rows(moments), new Rows(gradient), new Rows(dx));
        var (toShift, toScale, scales) = (new Rows(dShift), new Rows(dScale), new Rows(scale));
        ParallelLoop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            kernels.ModulateGradient(from[at], scales[sample], m[at], g[at], to[at], toShift[task], toScale[task], rows, tokens.Width);
        });
        return TrainingFunctions.Give(dx, dShift.sum(1, keepdim: true), dScale.sum(1, keepdim: true), null);
    }

    private static List<Tensor?> ByOperators(Tensor x, Tensor scale, Tensor gradient, double eps)
    {
        var mean = x.mean([-1], keepdim: true);
        var inverse = ((x - mean).square().mean([-1], keepdim: true) + eps).rsqrt();
        var normal = (x - mean) * inverse;
        var inner = gradient * (1 + scale);
        var dx = (inner - inner.mean([-1], keepdim: true) - normal * (inner * normal).mean([-1], keepdim: true)) * inverse;
        return TrainingFunctions.Give(dx, gradient.sum(1, keepdim: true), (gradient * normal).sum(1, keepdim: true), null);
    }
}
