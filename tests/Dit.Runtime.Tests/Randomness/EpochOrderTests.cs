using CsCheck;

namespace Dit.Runtime.Tests;

public class EpochOrderTests
{
    [Fact]
    public void Every_order_is_a_permutation() =>
        Gen.Select(Gen.Int[1, 500], Gen.Long, Gen.Long[0, 1000]).Sample((count, seed, epoch) =>
            EpochOrder.Permutation(count, seed, epoch).Order().SequenceEqual(Enumerable.Range(0, count)));

    [Fact]
    public void Orders_repeat_and_differ_by_epoch_and_seed()
    {
        var order = EpochOrder.Permutation(1000, 7, 3);
        Assert.Equal(order, EpochOrder.Permutation(1000, 7, 3));
        Assert.NotEqual(order, EpochOrder.Permutation(1000, 7, 4));
        Assert.NotEqual(order, EpochOrder.Permutation(1000, 8, 3));
        Assert.NotEqual(order, EpochOrder.Permutation(1000, 8, 2));
    }

    // Pins the generator: with another one a seed would no longer name a run.
    [Fact]
    public void The_order_of_a_seed_never_changes() =>
        Assert.Equal([6, 3, 2, 9, 8, 1, 4, 7, 0, 5], EpochOrder.Permutation(10, 0, 0));

    [Fact]
    public void The_generator_is_splitmix64() =>
        Assert.Equal(0xE220A8397B1DCDAF, new SplitMix64(0).Next()); // The published first output of state 0.

    [Theory]
    [InlineData(10, 4)]
    [InlineData(3, 8)]
    [InlineData(6, 6)]
    public void Batches_are_full_and_visit_everything_once_an_epoch(int count, int batch)
    {
        var batches = EpochOrder.BatchIndices(count, batch, 5).Take(3 * count).ToArray();
        Assert.All(batches, b => Assert.Equal(batch, b.Length));
        foreach (var epoch in batches.SelectMany(b => b).Chunk(count).Where(c => c.Length == count))
            Assert.Equal(Enumerable.Range(0, count), epoch.Order());
    }

    [Fact]
    public void Flips_repeat_and_are_about_half()
    {
        var flips = EpochOrder.Flips(1000, 3, 9);
        Assert.Equal(flips, EpochOrder.Flips(1000, 3, 9));
        Assert.NotEqual(flips, EpochOrder.Flips(1000, 3, 10));
        Assert.InRange(flips.Count(f => f), 400, 600);
    }

    [Fact]
    public void Orders_are_uniform()
    {
        var seen = Enumerable
            .Range(0, 6000)
            .GroupBy(e => string.Concat(EpochOrder.Permutation(3, 11, e)))
            .ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(6, seen.Count);
        Assert.All(seen.Values, n => Assert.InRange(n, 850, 1150));
    }

    [Fact]
    public void Mistakes_are_told_before_the_first_batch()
    {
        Assert.Throws<DitException>(() => EpochOrder.BatchIndices(0, 1, 0));
        Assert.Throws<DitException>(() => EpochOrder.BatchIndices(1, 0, 0));
        Assert.Throws<DitException>(() => EpochOrder.Permutation(0, 0, 0));
        Assert.Throws<DitException>(() => EpochOrder.Permutation(1, 0, -1));
    }
}
