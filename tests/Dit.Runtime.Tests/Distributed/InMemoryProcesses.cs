using System.Runtime.ExceptionServices;
using System.Text;

namespace Dit.Runtime.Tests;

/// <summary>The processes of a group as threads of this one, which add numbers in memory.</summary>
internal sealed class InMemoryProcesses : ProcessGroup
{
    private readonly Meeting meeting;

    private InMemoryProcesses(int rank, Meeting meeting) : base(rank, meeting.Size) => this.meeting = meeting;

    /// <summary>Runs the same program in each process, and gives what each returns.</summary>
    public static T[] Run<T>(int size, Func<ProcessGroup, T> program)
    {
        var (meeting, results, failures) = (new Meeting(size), new T[size], new ExceptionDispatchInfo?[size]);
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                using var own = new InMemoryProcesses(rank, meeting);
                results[rank] = program(own);
            }
            catch (Exception e)
            {
                failures[rank] = ExceptionDispatchInfo.Capture(e);
            }
        }))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        failures.FirstOrDefault(static failure => failure is not null)?.Throw();
        return results;
    }

    public override void Abort(int exitCode) => throw new InvalidOperationException($"The processes end with {exitCode}.");

    internal override Task Post(Action<Collectives> work)
    {
        work(new Own(Rank, meeting));
        return Task.CompletedTask;
    }

    private sealed class Own(int rank, Meeting meeting) : Collectives
    {
        public override void Sum(float[] numbers, int count)
        {
            var all = meeting.Share(rank, numbers[..count]);
            for (var i = 0; i < count; i++) numbers[i] = all.Aggregate(0f, (sum, one) => sum + one[i]);
        }

        public override void Sum(double[] numbers)
        {
            var all = meeting.Share(rank, (double[])numbers.Clone());
            for (var i = 0; i < numbers.Length; i++) numbers[i] = all.Sum(one => one[i]);
        }

        public override void Broadcast(byte[] bytes, int root) => meeting.Share(rank, (byte[])bytes.Clone())[root].CopyTo(bytes, 0);
    }

    /// <summary>Where the processes bring what they share.</summary>
    private sealed class Meeting(int size)
    {
        private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

        private readonly Barrier barrier = new(size);
        private readonly object[] brought = new object[size];

        public int Size => size;

        public T[] Share<T>(int rank, T own)
            where T : class
        {
            brought[rank] = own;
            Meet();
            T[] all = [.. brought.Cast<T>()];
            Meet(); // nothing new is brought before all have read
            return all;
        }

        private void Meet()
        {
            if (!barrier.SignalAndWait(Longest)) throw new InvalidOperationException("A process does not come.");
        }
    }
}
