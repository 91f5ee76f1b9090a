using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Networks of 16 bits, sampled by a process of 32.</summary>
public sealed class PrecisionTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.15)]
    [InlineData(ScalarType.Float16, 0.02)]
    public void A_network_of_16_bits_draws_nearly_the_same(ScalarType type, double tolerance)
    {
        using var model = Stirred.Create<OfClasses>();
        var expected = OfClasses.AllSamplers[0].Sample(model, [0, 2], guidance: 1.5, seed: 3);
        model.to(type);
        var half = OfClasses
            .AllSamplers[0]
            .Sample(
                model,
                [0, 2],
                guidance: 1.5,
                seed: 3,
                options: new() { Observe = static at => Assert.Equal(ScalarType.Float32, at.State.dtype) });
        Assert.Equal(ScalarType.Float32, half.dtype);
        Assert.InRange((half - expected).abs().max().item<float>() / expected.std().item<float>(), 1e-6, tolerance);
    }

    [Fact]
    public void Images_are_near_whatever_the_batch_and_equal_where_it_is_the_same()
    {
        using var model = Stirred.Create<OfClasses>();
        var sampler = OfClasses.AllSamplers[0];
        int[] labels = [.. Enumerable.Range(0, 40).Select(static i => i % 3)];
        var whole = sampler.Sample(model, labels, guidance: 2, seed: 3);
        Assert.True(whole.Equals(sampler.Sample(model, labels, guidance: 2, seed: 3)));
        foreach (var batch in new[] { 1, 3 })
        {
            var parts = cat([
                .. labels
                    .Chunk(batch)
                    .Select((part, k) => sampler.Sample(model, part, guidance: 2, seed: 3, options: new() { FirstIndex = k * batch })),
            ]);
            Close.To(whole, parts, Close.Loop, $"batch {batch}");
        }
    }
}
