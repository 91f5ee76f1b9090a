using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary><c>x + gate y</c>, x and y (N, T, D), gate (N, 1, D), all dense.</summary>
internal sealed unsafe class ResidualFunction : autograd.SingleTensorFunction<ResidualFunction>
{
    public override string Name => nameof(ResidualFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, gate, y) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
        ctx.save_for_backward([gate, y]);
        var result = TrainingFunctions.Unset(x.shape);
        if (TrainingKernels.Chosen is not { } kernels) return result;
        var (tokens, from, with, to, gates) = (new Tokens(x), new Rows(x), new Rows(y), new Rows(result), new Rows(gate));
        ParallelLoop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            kernels.Residual(from[at], gates[sample], with[at], to[at], rows, tokens.Width);
        });
        return result;
    }

    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (gate, y) = (saved[0], saved[1]);
        if (is_grad_enabled() || TrainingKernels.Chosen is not { } kernels)
            return TrainingFunctions.Give(grad_output, (grad_output * y).sum(1, keepdim: true), grad_output * gate);

        var (tokens, gradient) = (new Tokens(y), grad_output.contiguous());
        var (dy, dGate) = (TrainingFunctions.Unset(y.shape), TrainingFunctions.Unset(tokens.Samples, tokens.Pieces, tokens.Width));
        var (by, g, to, toGate, gates) = (new Rows(y), new Rows(gradient), new Rows(dy), new Rows(dGate), new Rows(gate));
        ParallelLoop.Run(tokens.Tasks, task =>
        {
            var (sample, at, rows) = tokens[task];
            kernels.ResidualGradient(gates[sample], by[at], g[at], toGate[task], to[at], rows, tokens.Width);
        });
        return TrainingFunctions.Give(grad_output, dGate.sum(1, keepdim: true), dy);
    }
}
