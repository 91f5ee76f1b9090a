using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The engine of other devices and types, run on the processor: the same prediction as the forward pass.
/// </summary>
public sealed class OperatorEngineTests
{
    public static TheoryData<string> Names => [.. VariantCase.Names];

    [Theory, MemberData(nameof(Names))]
    public void It_agrees_with_forward_and_leaves_no_tensors(string name)
    {
        var check = DitModels.All.Single(m => m.Card.Name == name).Accept(new Check());
        check();
    }

    [Theory, MemberData(nameof(Names))]
    public void In_bfloat16_it_does_what_forward_does_and_nearly_what_float32_does(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = SessionCase.Of(name);
        var exact = @case.Forward(3);
        @case.Model.to(ScalarType.BFloat16);
        @case.PlanAgain();
        var (own, planned) = (@case.Forward(3).to(ScalarType.Float32), @case.Planned(3).to(ScalarType.Float32));

        Assert.Equal("libtorch", @case.Engine);
        var size = exact.abs().max().item<float>();
        Assert.InRange(Off(own), 1e-6 * size, 0.1 * size); // of 8 bits, and so not exactly
        Assert.True(Off(planned) <= 2 * Off(own) + 1e-3 * size, $"{Off(planned)} and {Off(own)} of {size}");

        double Off(Tensor values) => (values - exact).abs().max().item<float>();
    }

    [Fact]
    public void A_residual_and_the_norm_after_it_are_one_step()
    {
        SessionStep.AdaptiveNorm norm = new(0, 1, 1e-6);
        SessionStep.Residual residual = new(2);
        Assert.Equal(
            [norm, new SessionStep.ResidualNorm(2, 0, 1, 1e-6), residual, new SessionStep.Identity()],
            OperatorEngine.Pair([norm, residual, norm, residual, new SessionStep.Identity()]));

        // Not of norms that the fused operations do not know.
        SessionStep.AdaptiveNorm rms = new(0, 1, 1e-6, new RmsNorm(2, CPU, ScalarType.Float32)), scaled = new(null, 1, 1e-6);
        Assert.Equal([residual, rms, residual, scaled], OperatorEngine.Pair([residual, rms, residual, scaled]));
    }

    private sealed class Check : IModelVisitor<Action>
    {
        public Action Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => () => Agrees<TModel, TCondition, TProcess>(
                Stirred.Create<TModel>(),
                AnyCondition.Of<TCondition>(TModel.Card, static _ => tensor(new long[] { 1, 2, 3 }), static _ => new(randn(3, 6, 10)), 3));

        private static void Agrees<TModel, TCondition, TProcess>(TModel model, TCondition condition)
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var owned = model;
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var session = SessionCase.By(KernelChoice.Off, model.CreateSession());
            Assert.Equal("libtorch", session.Engine);
            Tensor x = randn(3, 3, 8, 12), t = tensor(new long[] { 5, 500, 999 });
            Close.To(model.Predict(x, t, condition), session.Forward(x, t, condition), Close.OneStep);
            var live = LiveTensors.Count();
            for (var i = 0; i < 10; i++) session.Forward(x, t, condition).Dispose();
            Assert.Equal(live, LiveTensors.Count());
        }
    }
}
