namespace Dit.Benchmarks.Tests;

public class PairedTimesTests
{
    [Fact]
    public void Quartiles_lie_between_the_numbers_by_their_distance()
    {
        Assert.Equal(new Quartiles(Median: 2.5, Q1: 1.75, Q3: 3.25), Quartiles.Of([4, 1, 3, 2]));
        Assert.Equal(new Quartiles(7, 7, 7), Quartiles.Of([7]));
        Assert.Throws<ArgumentException>(() => Quartiles.Of([]));
    }

    [Fact]
    public void A_run_is_compared_with_the_baselines_before_and_after_it()
    {
        var times = new PairedTimes(Baseline: [100, 200, 300], Ours: [75, 500]);

        Assert.Equal([0.5, 2.0], times.Ratios);
        Assert.Equal(2, times.Rounds);
        Assert.Equal(200, times.BaselineMs);
    }

    [Fact]
    public void A_machine_that_slows_down_evenly_does_not_change_the_ratio()
    {
        var times = new PairedTimes(Baseline: [100, 120, 140, 160], Ours: [55, 65, 75]);

        Assert.Equal(new Quartiles(0.5, 0.5, 0.5), times.Ratio);
    }

    [Fact]
    public void A_run_without_a_baseline_after_it_is_no_round()
    {
        Assert.Equal(1, new PairedTimes(Baseline: [100, 100], Ours: [50, 10]).Rounds);
        Assert.Equal(0, new PairedTimes(Baseline: [100], Ours: []).Rounds);
    }
}
