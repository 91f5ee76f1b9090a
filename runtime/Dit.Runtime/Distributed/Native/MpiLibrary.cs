using System.Runtime.InteropServices;
using Dit.Checkpoints;

namespace Dit.Runtime;

/// <summary>An MPI library through its C interface.</summary>
/// <remarks>
/// Two binary interfaces are in use. In Open MPI handles are addresses of exported variables; in MPICH, and in Intel
/// MPI, MVAPICH and Cray MPICH, which share its interface, they are fixed numbers of 32 bits. Both fit into an
/// <c>nint</c>: the calling conventions of 64-bit systems pass a number of 32 bits in the lower half of a register.
/// </remarks>
internal sealed unsafe class MpiLibrary
{
    private const int Funneled = 1; // MPI_THREAD_FUNNELED: one thread makes all calls
    private const int LongestVersion = 8192; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH; that of Open MPI is less

    private readonly delegate* unmanaged[Cdecl]<void*, void*, int, int*, int> initialize;
    private readonly delegate* unmanaged[Cdecl]<nint, int*, int> rank, size;
    private readonly delegate* unmanaged[Cdecl]<nint, void*, int, nint, nint, nint, nint*, int> allreduce;
    private readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, nint*, int> broadcast;
    private readonly delegate* unmanaged[Cdecl]<nint*, int*, nint, int> test;
    private readonly delegate* unmanaged[Cdecl]<nint, int, int> abort;
    private readonly delegate* unmanaged[Cdecl]<int> complete;
    private readonly delegate* unmanaged[Cdecl]<byte*, int*, int> version;
    private readonly nint world, ofFloat, ofDouble, ofByte, sum, inPlace, noStatus;

    private MpiLibrary(string name, nint library)
    {
        Name = name;
        initialize = (delegate* unmanaged[Cdecl]<void*, void*, int, int*, int>)Export("MPI_Init_thread");
        rank = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_rank");
        size = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_size");
        allreduce = (delegate* unmanaged[Cdecl]<nint, void*, int, nint, nint, nint, nint*, int>)Export("MPI_Iallreduce");
        broadcast = (delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, nint*, int>)Export("MPI_Ibcast");
        test = (delegate* unmanaged[Cdecl]<nint*, int*, nint, int>)Export("MPI_Test");
        abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Export("MPI_Abort");
        complete = (delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize");
        version = (delegate* unmanaged[Cdecl]<byte*, int*, int>)Export("MPI_Get_library_version");
        var isOpen = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _);
        world = Handle("ompi_mpi_comm_world", 0x44000000); // the numbers are those of MPICH's mpi.h
        ofFloat = Handle("ompi_mpi_float", 0x4c00040a);
        ofDouble = Handle("ompi_mpi_double", 0x4c00080b);
        ofByte = Handle("ompi_mpi_byte", 0x4c00010d);
        sum = Handle("ompi_mpi_op_sum", 0x58000003);
        (inPlace, noStatus) = isOpen ? (1, 0) : (-1, 1);

        nint Handle(string open, int mpich) => isOpen ? Export(open) : mpich;
        nint Export(string function) => NativeLibrary.GetExport(library, function);
    }

    /// <summary>The file.</summary>
    public string Name { get; }

    /// <summary>Loads the library that is named, or the one of the launcher.</summary>
    /// <param name="launcher">The launcher.</param>
    /// <param name="named">A library; null for what the system finds.</param>
    /// <exception cref="DitException">There is none, or it cannot be loaded.</exception>
    public static MpiLibrary Load(Launcher launcher, string? named)
    {
        foreach (var name in named is { Length: > 0 } ? [named] : Names(launcher))
            if (NativeLibrary.TryLoad(name, out var library))
                return NativeLibrary.TryGetExport(library, "MPI_Init_thread", out _)
                    ? new(name, library)
                    : throw new DitException($"'{name}' is no MPI library: it has no function MPI_Init_thread.");
        var started = $"{(launcher == Launcher.Slurm ? "srun" : "mpirun")} has started this process as one of several";
        throw new DitException(
            named is { Length: > 0 }
                ? $"{started}, and the MPI library '{named}', named by {Launch.Variable}, cannot be loaded: name a file such as "
                    + $"libmpi.so.40, or unset {Launch.Variable}."
                : $"{started}, and no MPI library was found: install Open MPI or MPICH (on Debian and Ubuntu: apt-get install "
                    + $"openmpi-bin), "
                    + $"name the library with {Launch.Variable}, or set {Launch.Variable}={Launch.Off} for processes that do not work "
                    + "together.");
    }

    /// <summary>Joins the other processes; the thread that calls this makes all other calls, too.</summary>
    /// <returns>The number of this process, and how many there are.</returns>
    public (int Rank, int Size) Initialize()
    {
        int provided, mine, all;
        Check(initialize(null, null, Funneled, &provided), "MPI_Init_thread");
        Check(rank(world, &mine), "MPI_Comm_rank");
        Check(size(world, &all), "MPI_Comm_size");
        return (mine, all);
    }

    /// <summary>The first line of what the library says of itself.</summary>
    public string Version()
    {
        var text = new byte[LongestVersion];
        int length;
        fixed (byte* at = text) Check(version(at, &length), "MPI_Get_library_version");
        return System.Text.Encoding.UTF8.GetString(text, 0, length).TrimEnd('\0').Split('\n')[0].Trim();
    }

    /// <summary>Adds the numbers of all processes, in place.</summary>
    /// <param name="numbers">The numbers.</param>
    /// <param name="count">How many.</param>
    /// <param name="wait">Waits until the function that it is given says that the operation is done.</param>
    public void Sum(float[] numbers, int count, Action<Func<bool>> wait)
    {
        fixed (float* at = numbers) Sum(at, count, ofFloat, wait);
    }

    /// <inheritdoc cref="Sum(float[], int, Action{Func{bool}})"/>
    public void Sum(double[] numbers, Action<Func<bool>> wait)
    {
        fixed (double* at = numbers) Sum(at, numbers.Length, ofDouble, wait);
    }

    /// <summary>Gives the bytes of one process to all.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="root">The process that gives.</param>
    /// <param name="wait">As for <see cref="Sum(float[], int, Action{Func{bool}})"/>.</param>
    public void Broadcast(byte[] bytes, int root, Action<Func<bool>> wait)
    {
        fixed (byte* at = bytes)
        {
            nint request = 0;
            Check(broadcast(at, bytes.Length, ofByte, root, world, &request), "MPI_Ibcast");
            var place = (nint)(&request);
            wait(() => IsDone(place));
        }
    }

    /// <summary>Ends all processes.</summary>
    public void Abort(int exitCode) => _ = abort(world, exitCode);

    /// <summary>Leaves the others; no call may follow.</summary>
    public void Finish() => Check(complete(), "MPI_Finalize");

    private void Sum(void* numbers, int count, nint type, Action<Func<bool>> wait)
    {
        nint request = 0;
        Check(allreduce(inPlace, numbers, count, type, sum, world, &request), "MPI_Iallreduce");
        var place = (nint)(&request);
        wait(() => IsDone(place));
    }

    private bool IsDone(nint request)
    {
        int done;
        Check(test((nint*)request, &done, noStatus), "MPI_Test");
        return done != 0;
    }

    // By default an error ends all processes before a call returns.
    private static void Check(int code, string function)
    {
        if (code != 0) throw new InvalidOperationException($"{function} failed with error {code}.");
    }

    private static string[] Names(Launcher launcher)
    {
        string[] open = ["libmpi.so.40", "libmpi.so.20"], mpich = ["libmpich.so.12", "libmpi.so.12"];
        string[] named = launcher == Launcher.Mpich ? [.. mpich, .. open] : [.. open, .. mpich];
        return [.. named, "libmpi.so", "libmpi.dylib", "libmpich.dylib"];
    }
}
