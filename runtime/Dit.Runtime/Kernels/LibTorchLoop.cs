using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dit.Kernels;
using TorchSharp;

namespace Dit.Runtime.Kernels;

/// <summary>Tasks on the threads of libtorch.</summary>
/// <remarks>
/// Training goes back and forth between kernels and operators of libtorch, whose threads keep looking for work for a
/// moment after each of them: threads of our own would have to share the cores with these. <c>torch_parallel_for</c> is
/// in libtorch's stable interface from 2.10 on; without it the threads of .NET do the work.
/// </remarks>
internal sealed unsafe class LibTorchLoop : TaskLoop
{
    private const double Worthwhile = 1 << 20; // some 20 microseconds

    private static readonly delegate* unmanaged[Cdecl]<
        long, long, long, delegate* unmanaged[Cdecl]<long, long, void*, void>, void*, int> Native = Find();

    private LibTorchLoop() { }

    /// <summary>libtorch has one set of threads.</summary>
    public static LibTorchLoop Instance { get; } = new();

    /// <inheritdoc/>
    public override int Threads => torch.get_num_threads();

    /// <inheritdoc/>
    public override void Run(int count, Action<int> task, double operations = double.MaxValue)
    {
        var threads = operations < Worthwhile ? 1 : Math.Min(count, Threads);
        if (threads <= 1)
        {
            for (var i = 0; i < count; i++) task(i);
            return;
        }
        var job = new Job(count, task);
        if (Native is null) Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => job.Work());
        else RunNative(threads, job);
        if (job.Failure is { } thrown) throw new InvalidOperationException($"A kernel failed: {thrown.Message}", thrown);
    }

    private static void RunNative(int threads, Job job)
    {
        var handle = GCHandle.Alloc(job);
        try
        {
            _ = Native(0, threads, 1, &Enter, (void*)GCHandle.ToIntPtr(handle));
            job.Work(); // whatever a refused call has left
        }
        finally
        {
            handle.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Enter(long begin, long end, void* job) => (GCHandle.FromIntPtr((nint)job).Target as Job)?.Work();

    private static delegate* unmanaged[Cdecl]<
        long, long, long, delegate* unmanaged[Cdecl]<long, long, void*, void>, void*, int> Find()
    {
        string[] names = ["libtorch_cpu.so", "torch_cpu"]; // the first finds the one that is loaded, wherever it came from
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, typeof(LibTorchLoop).Assembly, null, out var library)
                && NativeLibrary.TryGetExport(library, "torch_parallel_for", out var address))
                return (delegate* unmanaged[Cdecl]<long, long, long, delegate* unmanaged[Cdecl]<long, long, void*, void>, void*,
                    int>)address;
        return null;
    }

    private sealed class Job(int count, Action<int> task)
    {
        private int taken;

        public Exception? Failure { get; private set; }

        public void Work()
        {
            try
            {
                for (var i = Interlocked.Increment(ref taken) - 1; i < count; i = Interlocked.Increment(ref taken) - 1) task(i);
            }
            catch (Exception e)
            {
                Failure = e; // an exception may not pass through native code
                Volatile.Write(ref taken, count);
            }
        }
    }
}
