using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary><c>norm(x) (1 + scale) + shift</c>, x (N, T, D) dense, shift and scale (N, 1, D) dense.</summary>
/// <remarks>It keeps x and two numbers for each row, not what lies between.</remarks>
internal sealed unsafe class ModulateFunction : autograd.SingleTensorFunction<ModulateFunction>
{
    public override string Name => nameof(ModulateFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, shift, scale, eps, tools) =
            ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (double)vars[3], TrainingTools.Of(ctx, vars));
        var (y, moments) = (tools.Empty(x.shape), tools.Empty(x.shape[0], x.shape[1], 2));
        ctx.save_for_backward([x, scale, moments]);
        ctx.save_data(nameof(eps), eps);
        var (tokens, from, to, m) = (new TokenTasks(x), TokenTasks.Rows(x), TokenTasks.Rows(y), TokenTasks.Rows(moments));
        var (shifts, scales) = (TokenTasks.Rows(shift), TokenTasks.Rows(scale));
        tools.Loop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            tools.Kernels.Modulate(from[at], shifts[sample], scales[sample], to[at], m[at], rows, tokens.Width, (float)eps);
        });
        return y;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var passed = grad_output;
        var saved = ctx.get_saved_variables();
        var (x, scale, moments, tools) = (saved[0], saved[1], saved[2], TrainingTools.Of(ctx));
        if (is_grad_enabled()) return ByOperators(tools, x, scale, grad_output, (double)ctx.get_data("eps"));

        var (tokens, gradient) = (new TokenTasks(x), grad_output.contiguous());
        var dx = tools.Empty(x.shape);
        var (dShift, dScale) = (tools.Empty(tokens.Samples, tokens.Pieces, tokens.Width),
            tools.Empty(tokens.Samples, tokens.Pieces, tokens.Width));
        var (from, m, g, to) = (TokenTasks.Rows(x), TokenTasks.Rows(moments), TokenTasks.Rows(gradient), TokenTasks.Rows(dx));
        var (toShift, toScale, scales) = (TokenTasks.Rows(dShift), TokenTasks.Rows(dScale), TokenTasks.Rows(scale));
        tools.Loop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            tools.Kernels.ModulateGradient(
                from[at], scales[sample], m[at], g[at], to[at], toShift[task], toScale[task], rows, tokens.Width);
        });
        return tools.Return(dx, dShift.sum(1, keepdim: true), dScale.sum(1, keepdim: true), null, null);
    }

    private static List<Tensor?> ByOperators(TrainingTools tools, Tensor x, Tensor scale, Tensor gradient, double eps)
    {
        var mean = x.mean([-1], keepdim: true);
        var inverse = ((x - mean).square().mean([-1], keepdim: true) + eps).rsqrt();
        var normal = (x - mean) * inverse;
        var inner = gradient * (1 + scale);
        var dx = (inner - inner.mean([-1], keepdim: true) - normal * (inner * normal).mean([-1], keepdim: true)) * inverse;
        return tools.Return(dx, gradient.sum(1, keepdim: true), (gradient * normal).sum(1, keepdim: true), null, null);
    }
}
