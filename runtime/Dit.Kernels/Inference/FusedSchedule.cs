using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Dit.Kernels;

/// <summary>
/// Hands out the tasks of a forward pass: each pass goes from phase to phase, and waits for no other pass.
/// </summary>
/// <remarks>
/// Three passes of four phases on two workers. A letter is a task, and a phase of a pass begins when the tasks before
/// it are done:
/// <code>
///            tokens   attention  tokens  attention
///   pass 0   a        b b b      c       ...
///   pass 1     a          b b b    c
///   pass 2       a            b b b  c
///   time ---------------------------------------->
/// </code>
/// The passes of a batch share nothing but weights. The pass that is furthest behind comes first: all stay near the
/// same weights, which are in the cache then, and workers wait for each other at the end only.
/// </remarks>
/// <param name="phases">The phases, and the tasks that each has in one pass.</param>
/// <param name="most">The most passes.</param>
internal sealed class FusedSchedule(IReadOnlyList<(FusedPhase Phase, int Tasks)> phases, int most)
{
    private readonly Lock gate = new();
    private readonly Pass[] passes = new Pass[most];
    private int count; // passes
    private int finished; // passes that are done
    private int running; // tasks
    private Exception? failure;

    /// <summary>Begins anew.</summary>
    /// <param name="passes">How many passes there are.</param>
    public void Begin(int passes)
    {
        lock (gate)
        {
            (count, finished, running, failure) = (passes, phases.Count == 0 ? passes : 0, 0, null);
            this.passes.AsSpan().Clear();
        }
    }

    /// <summary>Takes the next task; waits while all that are left wait for others.</summary>
    /// <param name="phase">Its phase.</param>
    /// <param name="pass">Its pass.</param>
    /// <param name="task">Its number among the tasks of all passes in this phase.</param>
    /// <returns>False when all tasks are done, or one has failed.</returns>
    public bool TryTake([NotNullWhen(true)] out FusedPhase? phase, out int pass, out int task)
    {
        var spin = new SpinWait();
        while (true)
        {
            lock (gate)
            {
                pass = failure is null ? FurthestBehind() : -1;
                if (pass >= 0)
                {
                    (phase, var tasks) = phases[passes[pass].Phase];
                    task = pass * tasks + passes[pass].Taken++;
                    running++;
                    return true;
                }
                if (failure is not null || finished == count)
                {
                    (phase, pass, task) = (null, 0, 0);
                    return false;
                }
            }
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>A task of a pass is done.</summary>
    public void Done(int pass)
    {
        lock (gate)
        {
            running--;
            ref var at = ref passes[pass];
            if (++at.Done < phases[at.Phase].Tasks) return;
            at = new Pass { Phase = at.Phase + 1 };
            if (at.Phase == phases.Count) finished++;
        }
    }

    /// <summary>A task has failed: no other begins.</summary>
    public void Fail(Exception thrown)
    {
        lock (gate)
        {
            running--;
            failure ??= thrown;
        }
    }

    /// <summary>Waits for the tasks that still run, and throws what one has thrown.</summary>
    public void Finish()
    {
        var spin = new SpinWait();
        while (Volatile.Read(ref running) > 0) spin.SpinOnce(sleep1Threshold: -1);
        if (failure is { } thrown) ExceptionDispatchInfo.Throw(thrown);
    }

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
