using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// One model and one session for several requests at a time: each gets the bytes that it would get alone.
/// </summary>
public sealed class ConcurrencyTests
{
    private const int Requests = 24, AtATime = 4;

    [Theory]
    [InlineData("on", ScalarType.Float32, true), InlineData("off", ScalarType.Float32, true), InlineData("on", ScalarType.BFloat16, true),
        InlineData("on", ScalarType.Float32, false)]
    public void Four_requests_at_a_time_get_what_each_gets_alone(string kernels, ScalarType type, bool shared)
    {
        using var whole = Stirred.Create<GoldenP8>();
        using var model = whole.to(type) as GoldenP8 ?? throw new InvalidOperationException("The model itself.");
        using var session = shared ? SessionCase.By(EnvironmentKernels.Parse(kernels), model.CreateSession()) : null;
        // Requests of different sizes, classes, guidance and samplers.
        byte[][] expected = [.. Enumerable.Range(0, Requests).Select(Draw)];
        var live = LiveTensors.Count();

        var drawn = new byte[Requests][];
        Parallel.For(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, i => drawn[i] = Draw(i));

        for (var i = 0; i < Requests; i++) Assert.True(expected[i].AsSpan().SequenceEqual(drawn[i]), $"request {i}");
        Assert.Equal(live, LiveTensors.Count());

        byte[] Draw(int request)
        {
            using var samples = GoldenP8
                .AllSamplers[request % 2]
                .Sample(
                    model,
                    [.. Enumerable.Range(0, 1 + request % 3).Select(i => (request + i) % 3)],
                    guidance: request % 4 == 0 ? 1 : 2,
                    seed: request,
                    options: new() { Session = session });
            return samples.bytes.ToArray();
        }
    }

    [Fact]
    public void A_request_that_is_given_up_leaves_the_others_alone()
    {
        using var model = Stirred.Create<GoldenP8>();
        using var session = model.CreateSession();
        using var expected = GoldenP8.Samplers.Ddim10.Sample(model, [1], seed: 5, options: new() { Session = session });
        var live = LiveTensors.Count();
        var wrong = 0;
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, i =>
        {
            using var stop = new CancellationTokenSource();
            var progress = new Each<SamplingProgress>(at => { if (i % 2 == 0 && at.Step == 3) stop.Cancel(); });
            try
            {
                using var drawn = GoldenP8.Samplers.Ddim10.Sample(
                    model,
                    [1],
                    seed: 5,
                    options: new()
                    {
                        Progress = progress,
                        Cancellation = stop.Token,
                        Session = session,
                    });
                if (i % 2 == 0 || !expected.Equals(drawn)) Interlocked.Increment(ref wrong);
            }
            catch (OperationCanceledException)
            {
                if (i % 2 != 0 || progress.Seen.Count != 3) Interlocked.Increment(ref wrong);
            }
        });
        Assert.Equal((0, live), (wrong, LiveTensors.Count()));
    }
}
