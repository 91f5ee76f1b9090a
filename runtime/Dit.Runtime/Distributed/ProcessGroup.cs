using System.Text;
using Dit.Checkpoints;
using TorchSharp;

namespace Dit.Runtime;

/// <summary>The processes that train or sample together, and this process among them.</summary>
/// <remarks>
/// <see cref="Start"/> joins the processes that a launcher such as mpirun or srun has started, by MPI; without a
/// launcher, a process is alone (<see cref="Single"/>). All processes of a group call its collective operations in the
/// same order.
/// </remarks>
public abstract class ProcessGroup : IDisposable
{
    private protected ProcessGroup(int rank, int size) => (Rank, Size) = (rank, size);

    /// <summary>A process that is alone.</summary>
    public static ProcessGroup Single { get; } = new OneProcess();

    /// <summary>The number of this process, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many processes there are.</summary>
    public int Size { get; }

    /// <summary>Whether this is the process that writes files and prints.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>The number of this process among those on its machine, from 0: that of its CUDA device.</summary>
    public int LocalRank => Local.Rank;

    /// <summary>
    /// The number that a launcher has given to this process, before it joins the others; 0 without a launcher.
    /// </summary>
    public static int LaunchedRank => Launch.Current?.Rank ?? 0;

    /// <summary>Whether a launcher has started this process as one of several.</summary>
    public static bool IsLaunched => Launch.Current is not null;

    /// <summary>
    /// Whether the processes have agreed on something (<see cref="Agree{T}(Func{T})"/>). Before, a mistake of one of
    /// them can be shared with the others, since an agreement is the first thing that they do together.
    /// </summary>
    public bool HasAgreed { get; private set; }

    /// <summary>The processes on this process's machine.</summary>
    internal virtual LocalProcesses Local => LocalProcesses.Alone;

    /// <summary>The part of a batch that this process takes.</summary>
    internal BatchShare Share => new(Rank, Size);

    /// <summary>
    /// Joins the processes that a launcher has started; without a launcher, and with <c>DIT_MPI=off</c>, the process is
    /// alone.
    /// </summary>
    /// <remarks>
    /// The MPI library is Open MPI, MPICH or one with MPICH's interface: the one that <c>DIT_MPI</c> names, or else the
    /// one that the system finds. The cores of the machine are divided among the processes on it, unless
    /// <c>OMP_NUM_THREADS</c> is set.
    /// </remarks>
    /// <returns>The group, which the caller disposes of at the end of its work, in every process.</returns>
    /// <exception cref="DitException">There is a launcher and no MPI library, or one of a different MPI.</exception>
    public static ProcessGroup Start()
    {
        if (Launch.Current is not { } launch) return Single;
        var group = MpiProcesses.Start(launch);
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"))) torch.set_num_threads(group.Local.Threads);
        return group;
    }

    /// <summary>Ends all processes of the group at once, this one too.</summary>
    /// <param name="exitCode">The exit code.</param>
    public abstract void Abort(int exitCode);

    /// <summary>Does some work on the thread of the group, after what it was given before.</summary>
    /// <param name="work">The work; it may use the collective operations, in the same order as in other
    /// processes.</param>
    /// <returns>The work, which fails with what it throws.</returns>
    internal abstract Task Post(Action<Collectives> work);

    /// <summary>Adds the numbers of all processes, in place.</summary>
    internal void Sum(double[] numbers) => Run(all => all.Sum(numbers));

    /// <summary>Whether something holds for any process; all learn the same.</summary>
    /// <param name="holds">Whether it holds for this one.</param>
    public bool Any(bool holds)
    {
        if (Size == 1) return holds;
        double[] count = [holds ? 1 : 0];
        Sum(count);
        return count[0] > 0;
    }

    /// <summary>Gives the bytes of every process to all.</summary>
    /// <param name="own">Those of this process.</param>
    /// <returns>Those of each process, in their order.</returns>
    public IReadOnlyList<byte[]> Exchange(byte[] own)
    {
        var all = new byte[Size][];
        Run(collectives =>
        {
            var lengths = new double[Size];
            lengths[Rank] = own.Length;
            collectives.Sum(lengths);
            for (var rank = 0; rank < Size; rank++)
            {
                all[rank] = rank == Rank ? own : new byte[(int)lengths[rank]];
                if (lengths[rank] > 0) collectives.Broadcast(all[rank], rank);
            }
        });
        return all;
    }

    /// <summary>Gives a text of every process to all.</summary>
    internal IReadOnlyList<string> Exchange(string own) => [.. Exchange(Encoding.UTF8.GetBytes(own)).Select(Encoding.UTF8.GetString)];

    /// <summary>The first text that is not empty, in the order of the processes; all learn the same.</summary>
    internal string FirstText(string own) => Size == 1 ? own : Exchange(own).FirstOrDefault(static text => text.Length > 0, "");

    /// <summary>Does something in every process; a mistake that one of them finds ends all in the same way.</summary>
    /// <typeparam name="T">What the work gives.</typeparam>
    /// <param name="work">The work of this process. It contains no collective operations.</param>
    /// <returns>What it gave in this process.</returns>
    /// <exception cref="SharedMistakeException">A process found a mistake; where several did, that of the
    /// first.</exception>
    public T Agree<T>(Func<T> work)
        where T : class?
    {
        if (Size == 1) return work();
        var (result, own) = Attempt(work);
        if (FirstText(own is null ? "" : own.Message) is { Length: > 0 } message)
            throw own is null ? new SharedMistakeException(message) : new SharedMistakeException(message, own);
        HasAgreed = true;
        return result ?? throw new InvalidOperationException("Work without a mistake has a result.");
    }

    /// <inheritdoc cref="Agree{T}(Func{T})"/>
    public void Agree(Action work) => Agree(() =>
    {
        work();
        return "";
    });

    /// <summary>Does something in the first process alone, while the others wait.</summary>
    /// <inheritdoc cref="Agree{T}(Func{T})"/>
    public void InFirst(Action work) => Agree(() =>
    {
        if (IsFirst) work();
    });

    /// <summary>A mistake that every process finds at the same time.</summary>
    internal DitException Shared(DitException mistake) =>
        Size == 1 ? mistake : new SharedMistakeException(mistake.Message, mistake);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Leaves the group.</summary>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing) { }

    private static (T? Result, DitException? Mistake) Attempt<T>(Func<T> work)
        where T : class?
    {
        try
        {
            return (work(), null);
        }
        catch (DitException mistake)
        {
            return (null, mistake);
        }
    }

    private void Run(Action<Collectives> work) => Post(work).GetAwaiter().GetResult();

    private sealed class OneProcess() : ProcessGroup(rank: 0, size: 1)
    {
        private static readonly Collectives Nothing = new Collectives.OfOne();

        public override void Abort(int exitCode) => Environment.Exit(exitCode);

        internal override Task Post(Action<Collectives> work)
        {
            work(Nothing);
            return Task.CompletedTask;
        }
    }
}

/// <summary>
/// A mistake that all processes of a group know of: each of them ends by itself, and the first one says why.
/// </summary>
public sealed class SharedMistakeException : DitException
{
    /// <summary>A mistake that a different process found.</summary>
    public SharedMistakeException(string message) : base(message) { }

    /// <summary>A mistake that this process found.</summary>
    public SharedMistakeException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>
/// A process of the group has ended before the others, so that nothing can be done together any more.
/// </summary>
public sealed class ProcessLostException : Exception
{
    /// <summary>Says which process has ended.</summary>
    public ProcessLostException(string message) : base(message) { }
}
