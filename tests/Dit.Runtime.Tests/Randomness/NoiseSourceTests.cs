using CsCheck;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class NoiseSourceTests
{
    private static readonly ImageShape Small = new(2, 3, 4);

    [Fact]
    public void An_image_draws_the_same_noise_in_every_batch() =>
        Gen.Select(Gen.Long, Gen.Int[0, 1000], Gen.Int[1, 6], Gen.Int[0, 5]).Sample((seed, first, count, at) =>
        {
            at %= count;
            using var scope = NewDisposeScope();
            using var batch = new KeyedNoise(seed, first, count, Small, CPU);
            using var alone = new KeyedNoise(seed, first + at, 1, Small, CPU);
            for (var draw = 0; draw < 3; draw++)
                Assert.Equal(batch.Next()[at].data<float>().ToArray(), alone.Next()[0].data<float>().ToArray());
        }, iter: 50, threads: 1);

    [Fact]
    public void Draws_images_and_seeds_differ()
    {
        using var scope = NewDisposeScope();
        using var noise = new KeyedNoise(0, 0, 2, Small, CPU);
        using var other = new KeyedNoise(1, 0, 2, Small, CPU);
        var draws = new[] { noise.Next(), noise.Next(), other.Next() }
            .SelectMany(draw => draw.unbind(0))
            .Select(image => string.Join(' ', image.data<float>().ToArray()));
        Assert.Equal(6, draws.Distinct().Count());
    }

    [Fact]
    public void The_noise_is_standard_normal()
    {
        using var scope = NewDisposeScope();
        using var noise = new KeyedNoise(7, 0, 64, new(4, 16, 16), CPU);
        var drawn = noise.Next();
        Assert.Equal([64L, 4, 16, 16], drawn.shape);
        Assert.Equal(ScalarType.Float32, drawn.dtype);
        Assert.InRange(drawn.mean().item<float>(), -0.02, 0.02);
        Assert.InRange(drawn.std().item<float>(), 0.98, 1.02);
        Assert.InRange(drawn.mean([0]).std().item<float>(), 0.9 / 8, 1.1 / 8); // images are independent of each other
    }

    [Fact]
    public void No_two_images_of_a_run_share_a_generator()
    {
        foreach (var seed in new long[] { 0, 1, -1, long.MaxValue })
            Assert.Equal(200_000, Enumerable.Range(0, 200_000).Select(index => KeyedNoise.Key(seed, index)).Distinct().Count());
    }

    [Fact]
    public void Seeds_that_follow_each_other_share_no_more_keys_than_chance()
    {
        var keys = Enumerable.Range(0, 100).SelectMany(seed => Enumerable.Range(0, 100).Select(index => KeyedNoise.Key(seed, index)));
        Assert.InRange(keys.Distinct().Count(), 9_999 - 2, 10_000);
    }

    [Fact]
    public void Noise_for_no_image_is_refused() =>
        Assert.Contains("at least 1", Assert.Throws<DitException>(() => new KeyedNoise(0, 0, 0, Small, CPU)).Message);

    [Fact]
    public void Recorded_noise_is_given_in_order_and_stays_the_callers()
    {
        using var scope = NewDisposeScope();
        var recorded = new[] { ones(1), ones(1) * 2 };
        using var noise = new ReplayedNoise(recorded);
        for (var i = 1; i <= 2; i++)
        {
            using var next = noise.Next();
            Assert.Equal(i, next.item<float>());
        }
        Assert.Throws<DitException>(noise.Next);
        Assert.False(recorded[0].IsInvalid);
    }
}
