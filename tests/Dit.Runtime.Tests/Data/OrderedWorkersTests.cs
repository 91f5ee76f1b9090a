using System.Diagnostics;
using System.Globalization;

namespace Dit.Runtime.Tests;

public class OrderedWorkersTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(7)]
    public void Results_are_in_order_however_long_each_takes(int threads)
    {
        using var workers = new OrderedWorkers<int, int>(Enumerable.Range(0, 200), Slowly, threads, ahead: 5);
        Assert.Equal(Enumerable.Range(0, 200).Select(static i => i * i), Enumerable.Range(0, 200).Select(_ => workers.Take()));
        Assert.Equal("The sequence has ended.", Assert.Throws<InvalidOperationException>(() => workers.Take()).Message);

        static int Slowly(int i)
        {
            if (i % 10 == 0) Thread.Sleep(3);
            return i * i;
        }
    }

    [Fact]
    public void Its_threads_leave_the_cores_to_the_one_that_is_waited_for()
    {
        if (!OperatingSystem.IsLinux()) return; // elsewhere nothing tells the priority of a thread
        using var workers = new OrderedWorkers<int, int>([0], static _ => Nice(), threads: 1, ahead: 1);
        var own = Nice();
        Assert.Equal(Math.Min(19, own + 10), workers.Take());
        Assert.Equal(own, Nice());

        static int Nice() => int.Parse(
            File.ReadAllText("/proc/thread-self/stat").Split(") ")[1].Split(' ')[16], // field 19 of proc_pid_stat(5)
            CultureInfo.InvariantCulture);
    }

    [Fact]
    public void The_first_failure_of_the_order_is_thrown_even_if_a_later_one_came_first()
    {
        using var laterFailed = new ManualResetEventSlim();
        using var workers = new OrderedWorkers<int, int>(Enumerable.Range(0, 4), Fail, threads: 4, ahead: 4);
        Assert.Equal(0, workers.Take());
        Assert.Equal("item 1", Assert.Throws<DitException>(() => workers.Take()).Message);
        Assert.Equal("item 2", Assert.Throws<DitException>(() => workers.Take()).Message);

        int Fail(int i)
        {
            if (i is 0 or 3) return i;
            if (i == 1) laterFailed.Wait();
            else laterFailed.Set();
            throw new DitException($"item {i}");
        }
    }

    [Fact]
    public void No_more_is_computed_than_may_wait()
    {
        var begun = 0;
        using (var workers = new OrderedWorkers<int, int>(Endless(), i => i + 0 * Interlocked.Increment(ref begun), threads: 3, ahead: 4))
        {
            WaitUntil(() => Volatile.Read(ref begun) == 4);
            Thread.Sleep(30);
            Assert.Equal(4, begun);
            workers.Take();
            workers.Take();
            WaitUntil(() => Volatile.Read(ref begun) == 6);
            Thread.Sleep(30);
        }
        Assert.Equal(6, begun);
    }

    [Fact]
    public void One_who_waits_is_woken_by_cancellation_and_no_thread_goes_on()
    {
        using var release = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        var (begun, finished) = (0, 0);
        using (var workers = new OrderedWorkers<int, int>(Endless(), Block, threads: 2, ahead: 8, stop.Token))
        {
            Assert.ThrowsAny<OperationCanceledException>(() => workers.Take());
            release.Set();
        }
        Assert.Equal(begun, finished); // the threads were waited for
        var after = begun;
        Thread.Sleep(30);
        Assert.Equal(after, begun);

        int Block(int i)
        {
            Interlocked.Increment(ref begun);
            release.Wait();
            Interlocked.Increment(ref finished);
            return i;
        }
    }

    private static IEnumerable<int> Endless()
    {
        for (var i = 0; ; i++) yield return i;
    }

    private static void WaitUntil(Func<bool> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30));
            Thread.Sleep(1);
        }
    }
}
