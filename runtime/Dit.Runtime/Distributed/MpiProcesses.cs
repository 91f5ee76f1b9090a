using System.Collections.Concurrent;
using System.Diagnostics;
using Dit.Checkpoints;

namespace Dit.Runtime;

/// <summary>Processes that communicate by MPI.</summary>
/// <remarks>
/// One thread makes all calls of MPI, in the order in which they are asked for; so the processor computes meanwhile,
/// and the weakest kind of thread support is enough. While it waits for other processes, it lets other threads have
/// the core, and makes sure that those processes still live: some launchers do not end the others when one is killed.
/// </remarks>
internal sealed class MpiProcesses : ProcessGroup
{
    private static readonly TimeSpan LifeSign = TimeSpan.FromSeconds(1);

    private readonly MpiThread thread;
    private LocalProcesses local = LocalProcesses.Alone;

    private MpiProcesses(MpiThread thread) : base(thread.Rank, thread.Size) => this.thread = thread;

    /// <inheritdoc/>
    internal override LocalProcesses Local => local;

    /// <summary>Joins the processes that a launcher has started.</summary>
    /// <exception cref="DitException">There is no MPI library, or it is not the launcher's.</exception>
    public static MpiProcesses Start(Launch launch)
    {
        var library = MpiLibrary.Load(launch.Launcher, Environment.GetEnvironmentVariable(Launch.Variable));
        var group = new MpiProcesses(new(library));
        if (group.Size != launch.Size)
        {
            var version = group.thread.Version;
            group.Dispose();
            throw new DitException(
                $"The launcher has started {launch.Size} processes, and the MPI library '{library.Name}' ({version}) sees {group.Size}: it "
                    + $"is of a different MPI. Name the launcher's library with {Launch.Variable}, or use the launcher of this library.");
        }
        ProcessIdentity[] all = [.. group.Exchange(ProcessIdentity.Own.ToString()).Select(ProcessIdentity.Parse)];
        group.local = LocalProcesses.Of(group.Rank, all, Environment.ProcessorCount);
        group.thread.Watch(() => group.local.RequireAlive(group.Size));
        return group;
    }

    /// <inheritdoc/>
    public override void Abort(int exitCode)
    {
        thread.Abort(exitCode);
        Environment.Exit(exitCode);
    }

    /// <inheritdoc/>
    internal override Task Post(Action<Collectives> work) => thread.Post(work);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => thread.Dispose();

    /// <summary>The thread that makes the calls.</summary>
    private sealed class MpiThread : Collectives, IDisposable
    {
        private readonly MpiLibrary library;
        private readonly BlockingCollection<(Action<Collectives> Work, TaskCompletionSource Done)> queue = [];
        private readonly Thread thread;
        private readonly Stopwatch sinceSign = Stopwatch.StartNew();
        private volatile Action requireAlive = static () => { };
        private volatile ProcessLostException? lost;

        public MpiThread(MpiLibrary library)
        {
            this.library = library;
            thread = new Thread(Loop) { IsBackground = true, Name = "dit communication" };
            thread.Start();
            Post(_ =>
            {
                (Rank, Size) = library.Initialize();
                Version = library.Version();
            }).GetAwaiter().GetResult();
        }

        public int Rank { get; private set; }

        public int Size { get; private set; }

        public string Version { get; private set; } = "";

        /// <summary>Sets what is done every second while an operation waits for other processes.</summary>
        public void Watch(Action alive) => requireAlive = alive;

        public Task Post(Action<Collectives> work)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            queue.Add((work, done));
            return done.Task;
        }

        public override void Sum(float[] numbers, int count) => library.Sum(numbers, count, Wait);

        public override void Sum(double[] numbers) => library.Sum(numbers, Wait);

        public override void Broadcast(byte[] bytes, int root) => library.Broadcast(bytes, root, Wait);

        /// <summary>Ends all processes; the thread waits for none any more.</summary>
        public void Abort(int exitCode)
        {
            lost ??= new("The processes are being ended.");
            Post(_ => library.Abort(exitCode)).Wait(LifeSign);
        }

        /// <summary>Leaves the group once all processes do; after one was lost, nothing can be waited for.</summary>
        public void Dispose()
        {
            if (lost is null) Post(_ => library.Finish()).GetAwaiter().GetResult();
            queue.CompleteAdding();
            if (lost is null) thread.Join();
        }

        private void Loop()
        {
            foreach (var (work, done) in queue.GetConsumingEnumerable())
                try
                {
                    work(this);
                    done.SetResult();
                }
                catch (Exception e) // thrown where it is waited for
                {
                    done.SetException(e);
                }
        }

        private void Wait(Func<bool> isDone)
        {
            sinceSign.Restart();
            while (!isDone())
            {
                if (lost is { } ending) throw ending;
                Thread.Yield();
                if (sinceSign.Elapsed < LifeSign) continue;
                sinceSign.Restart();
                try
                {
                    requireAlive();
                }
                catch (ProcessLostException e)
                {
                    lost = e;
                    throw;
                }
            }
        }
    }
}
