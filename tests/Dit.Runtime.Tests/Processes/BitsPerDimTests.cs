using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class BitsPerDimTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly GoldenFile golden = new("bpd-20");
    private readonly GoldenModel model = GoldenModel.Load();
    private readonly GaussianDiffusion process = new GaussianDiffusion(
        NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.LearnedRange).Respace(Respacing.Parse("20"));

    public void Dispose()
    {
        model.Dispose();
        golden.Dispose();
        scope.Dispose();
    }

    private ReplayedNoise Recorded => new(golden["in.step_noise"].unbind(0));

    [Fact]
    public void The_bound_and_its_parts_agree_with_the_reference()
    {
        using var bits = process.BitsPerDim(model.For(golden["in.y"]), golden["in.x0"], Recorded);
        Close.To(golden["out.prior_bpd"], bits.Prior, Close.OneStep, "prior");
        Close.To(golden["out.vb"], bits.VariationalBound, Close.Loop, "vb");
        Close.To(golden["out.xstart_mse"], bits.StartMse, Close.Loop, "xstart_mse");
        Close.To(golden["out.mse"], bits.Mse, Close.Loop, "mse");
        Close.To(golden["out.total_bpd"], bits.Total, Close.Loop, "total");
    }

    [Fact]
    public void Nothing_is_left_behind_nor_after_cancelling()
    {
        var noise = golden["in.step_noise"].unbind(0);
        var before = LiveTensors.Count();
        process.BitsPerDim(model.For(golden["in.y"]), golden["in.x0"], new ReplayedNoise(noise)).Dispose();
        using var cancellation = new CancellationTokenSource();
        var progress = new Each<SamplingProgress>(at => { if (at.Step == 5) cancellation.Cancel(); });
        Assert.Throws<OperationCanceledException>(() =>
            process.BitsPerDim(
                model.For(golden["in.y"]), golden["in.x0"], new ReplayedNoise(noise), progress: progress, cancellation: cancellation.Token)
        );
        Assert.Equal(5, progress.Seen.Count);
        Assert.Equal(before, LiveTensors.Count());
    }
}
