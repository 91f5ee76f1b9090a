using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary><c>x + gate y</c>, x and y (N, T, D), gate (N, 1, D), all dense.</summary>
internal sealed unsafe class ResidualFunction : autograd.SingleTensorFunction<ResidualFunction>
{
    public override string Name => nameof(ResidualFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, gate, y, tools) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], TrainingTools.Of(ctx, vars));
        ctx.save_for_backward([gate, y]);
        var result = tools.Empty(x.shape);
        var (tokens, from, with, to, gates) =
            (new TokenTasks(x), TokenTasks.Rows(x), TokenTasks.Rows(y), TokenTasks.Rows(result), TokenTasks.Rows(gate));
        tools.Loop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            tools.Kernels.Residual(from[at], gates[sample], with[at], to[at], rows, tokens.Width);
        });
        return result;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (gate, y, tools) = (saved[0], saved[1], TrainingTools.Of(ctx));
        if (is_grad_enabled()) return tools.Return(grad_output, (grad_output * y).sum(1, keepdim: true), grad_output * gate, null);

        var (tokens, gradient) = (new TokenTasks(y), grad_output.contiguous());
        var (dy, dGate) = (tools.Empty(y.shape), tools.Empty(tokens.Samples, tokens.Pieces, tokens.Width));
        var (by, g, to) = (TokenTasks.Rows(y), TokenTasks.Rows(gradient), TokenTasks.Rows(dy));
        var (toGate, gates) = (TokenTasks.Rows(dGate), TokenTasks.Rows(gate));
        tools.Loop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            tools.Kernels.ResidualGradient(gates[sample], by[at], g[at], toGate[task], to[at], rows, tokens.Width);
        });
        return tools.Return(grad_output, dGate.sum(1, keepdim: true), dy, null);
    }
}
