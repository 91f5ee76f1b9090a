using Dit.Definitions;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>DDIM with guidance: a whole trajectory against the same loop over the plain graph, which computes both halves and every modulation at each step.</summary>
internal static class SamplingComparison
{
    private const int Images = 4;
    private const double Scale = 4;

    public static Row Run(CompareOptions options)
    {
        using var noGradient = no_grad();
        using var model = Workload.Create<DiTS2>(options.Device);
        var graph = new OfficialGraph(model, DiTS2.Card);
        var sampler = DiTS2.Samplers.Ddim50.WithSteps(options.Steps);
        int[] classes = [207, 360, 387, 974];
        using var labels = tensor(Array.ConvertAll(classes, static label => (long)label), device: options.Device);

        Machine.ForgetPeakMemory();
        using var expected = Plain();
        var baselinePeak = Machine.PeakMemory();
        Machine.ForgetPeakMemory();
        using var actual = sampler.Sample(model, classes, Scale);
        var ourPeak = Machine.PeakMemory();

        var times = Paired.Measure(
            () => Plain().Dispose(), () => sampler.Sample(model, classes, Scale).Dispose(), options.LongRounds, options.Progress($"{sampler.Name} DiT-S/2"), options.Cancellation);
        return new($"{sampler.Name} DiT-S/2 x {Images}", "plain graph", times, times.Ours.Median, 2.0 * Images * options.Steps * DiTS2.Card.Flops, Workload.Difference(expected, actual), baselinePeak, ourPeak,
            $"guidance {Scale}; packing the weights is in our time; the error is that of the samples");

        Tensor Plain()
        {
            using var noise = new KeyedNoise(0, 0, Images, DiTS2.Card.Input, options.Device);
            var samples = sampler.Loop.Sample((x, t) => graph.ForwardWithGuidance(x, t, labels, Scale), noise);
            Workload.Finish(options.Device);
            return samples;
        }
    }
}
