namespace Dit.Runtime;

/// <summary>In which order training sees a data set: a pure function of the seed.</summary>
public static class EpochOrder
{
    // Keeps the flips' random numbers apart from the orders' under the same seed.
    private const long FlipStream = 0x666C6970;

    /// <summary>The order of one epoch: a permutation of 0 .. count - 1 (Fisher-Yates).</summary>
    /// <param name="count">Size of the data set.</param>
    /// <param name="seed">The same seed gives the same orders, on every machine.</param>
    /// <param name="epoch">Counted from 0; each has its own order.</param>
    /// <exception cref="DitException">The count is below 1 or the epoch below 0.</exception>
    public static int[] Permutation(int count, long seed, long epoch)
    {
        if (count < 1) throw new DitException($"A data set of {count} items has no order: it must hold at least one.");
        if (epoch < 0) throw new DitException($"There is no epoch {epoch}: epochs are counted from 0.");
        var random = SplitMix64.Of(seed, epoch);
        var order = Enumerable.Range(0, count).ToArray();
        for (var i = count - 1; i > 0; i--)
        {
            var j = random.Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    /// <summary>
    /// The batches of a run, without end: every epoch's order after the other, cut into pieces of the batch size, so
    /// that a batch may span two epochs and none is short.
    /// </summary>
    /// <param name="count">Size of the data set.</param>
    /// <param name="batch">N, the indices in each batch.</param>
    /// <param name="seed">Seed of the orders.</param>
    /// <exception cref="DitException">The count or the batch is below 1.</exception>
    public static IEnumerable<int[]> BatchIndices(int count, int batch, long seed)
    {
        if (count < 1) throw new DitException($"A data set of {count} items has no batches: it must hold at least one.");
        if (batch < 1) throw new DitException($"The batch size is {batch}: it must be at least 1.");
        return Batches(count, batch, seed);
    }

    /// <summary>Which images of a step's batch to mirror: each with probability one half.</summary>
    /// <param name="batch">N.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">The step, from 0.</param>
    public static bool[] Flips(int batch, long seed, long step)
    {
        var random = SplitMix64.Of(seed ^ FlipStream, step);
        var flips = new bool[batch];
        for (var i = 0; i < batch; i++) flips[i] = (random.Next() >> 63) == 1;
        return flips;
    }

    private static IEnumerable<int[]> Batches(int count, int batch, long seed)
    {
        var (epoch, at) = (0L, 0);
        var order = Permutation(count, seed, epoch);
        while (true)
        {
            var indices = new int[batch];
            for (var i = 0; i < batch; i++, at++)
            {
                if (at == count)
                {
                    (at, epoch) = (0, epoch + 1);
                    order = Permutation(count, seed, epoch);
                }
                indices[i] = order[at];
            }
            yield return indices;
        }
    }
}
