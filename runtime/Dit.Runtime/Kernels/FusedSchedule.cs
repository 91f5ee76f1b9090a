namespace Dit.Runtime.Kernels;

/// <summary>Which task comes next: a pass goes from phase to phase by itself, and waits for no other.</summary>
/// <remarks>
/// The passes of a batch share nothing but weights, so a phase of one begins as soon as all tasks of its last one are done. The pass that is furthest behind comes first:
/// all stay at about the same weights, which are in the cache then, and cores wait for each other at the end alone.
/// </remarks>
/// <param name="phases">The phases, and the tasks that each has in one pass.</param>
/// <param name="most">The most passes.</param>
internal sealed class FusedSchedule(IReadOnlyList<(FusedPhase Phase, int Tasks)> phases, int most)
{
    private readonly Lock gate = new();
    private readonly Pass[] passes = new Pass[most];
    private int count;
    private volatile bool failed;

    /// <summary>Begins anew.</summary>
    /// <param name="passes">How many passes there are.</param>
    /// <returns>Tasks in all.</returns>
    public int Begin(int passes)
    {
        (count, failed) = (passes, false);
        this.passes.AsSpan().Clear();
        return passes * phases.Sum(static phase => phase.Tasks);
    }

    /// <summary>Takes the next task, and waits while those before it are not done. Each call takes one of <see cref="Begin"/>'s.</summary>
    /// <param name="phase">Its phase.</param>
    /// <param name="pass">Its pass.</param>
    /// <param name="task">Its number among the tasks of all passes in this phase.</param>
    /// <returns>False when another task has failed.</returns>
    public bool TryTake(out FusedPhase phase, out int pass, out int task)
    {
        var spin = new SpinWait();
        while (!failed)
        {
            lock (gate)
            {
                pass = FurthestBehind();
                if (pass >= 0)
                {
                    (phase, var tasks) = phases[passes[pass].Phase];
                    task = pass * tasks + passes[pass].Taken++;
                    return true;
                }
            }
            spin.SpinOnce(sleep1Threshold: -1);
        }
        (phase, pass, task) = (phases[0].Phase, 0, 0);
        return false;
    }

    /// <summary>A task of the pass is done.</summary>
    public void Done(int pass)
    {
        lock (gate)
        {
            ref var at = ref passes[pass];
            if (++at.Done == phases[at.Phase].Tasks) at = new Pass { Phase = at.Phase + 1 };
        }
    }

    /// <summary>A task has failed: nobody is to wait for it.</summary>
    public void Fail() => failed = true;

    private int FurthestBehind()
    {
        var best = -1;
        for (var i = 0; i < count; i++)
        {
            var at = passes[i];
            var isReady = at.Phase < phases.Count && at.Taken < phases[at.Phase].Tasks;
            if (isReady && (best < 0 || at.Phase < passes[best].Phase)) best = i;
        }
        return best;
    }

    private struct Pass
    {
        public int Phase, Taken, Done;
    }
}
