using System.Globalization;

namespace Dit.Runtime;

/// <summary>The processes of a group that run on this machine.</summary>
/// <param name="Rank">The number of this process among them, from 0.</param>
/// <param name="Size">How many there are.</param>
/// <param name="Threads">Threads for this process: the cores that it may use, divided by the processes that may use the
/// same ones.</param>
/// <param name="Peers">The others, so far as this process can see whether they live.</param>
internal sealed record LocalProcesses(int Rank, int Size, int Threads, IReadOnlyList<LocalPeer> Peers)
{
    /// <summary>A process that is alone on its machine.</summary>
    public static LocalProcesses Alone => new(0, 1, Environment.ProcessorCount, []);

    /// <summary>Finds the local ones among all processes.</summary>
    /// <param name="rank">This process.</param>
    /// <param name="all">What each process says of itself.</param>
    /// <param name="cores">Cores that this process may use.</param>
    public static LocalProcesses Of(int rank, IReadOnlyList<ProcessIdentity> all, int cores)
    {
        var own = all[rank];
        (int Rank, ProcessIdentity Identity)[] here = [.. all.Index().Where(other => other.Item.Machine == own.Machine)];
        var sharing = here.Count(other => other.Identity.Cores == own.Cores);
        LocalPeer[] peers =
        [
            .. here.Where(other => other.Rank != rank)
                .Select(static other => new LocalPeer(other.Rank, other.Identity))
                .Where(static peer => peer.Lives), // not those in a container of their own
        ];
        return new(here.Count(other => other.Rank < rank), here.Length, Math.Max(1, cores / sharing), peers);
    }

    /// <summary>Makes sure that the others still live.</summary>
    /// <exception cref="ProcessLostException">One of them does not.</exception>
    public void RequireAlive(int size)
    {
        foreach (var peer in Peers)
            if (!peer.Lives)
                throw new ProcessLostException(
                    $"Process {peer.Rank} of {size} (PID {peer.Identity.Id} on {peer.Identity.Machine}) has ended before the others.");
    }
}

/// <summary>A different process on this machine.</summary>
/// <param name="Rank">Its number in the group.</param>
/// <param name="Identity">What it says of itself.</param>
internal sealed record LocalPeer(int Rank, ProcessIdentity Identity)
{
    /// <summary>Whether it runs.</summary>
    public bool Lives => ProcessIdentity.StartOf(Identity.Id) == Identity.Start;
}

/// <summary>What distinguishes a process from all others.</summary>
/// <param name="Machine">The name of its machine.</param>
/// <param name="Id">Its PID.</param>
/// <param name="Start">When it started, in ticks since the machine did.</param>
/// <param name="Cores">The cores that it may use, as <c>0-3,8</c>; empty where that is not known.</param>
internal sealed record ProcessIdentity(string Machine, int Id, string Start, string Cores)
{
    private const int StartField = 22, StateField = 3; // of /proc/PID/stat, counted from 1: see proc(5)

    /// <summary>This process.</summary>
    public static ProcessIdentity Own =>
        new(Environment.MachineName, Environment.ProcessId, StartOf(Environment.ProcessId) ?? "", AllowedCores());

    /// <summary>When a process started; null where it does not run, or the system is not Linux.</summary>
    public static string? StartOf(int id)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // the name before may hold anything; it is field 2
            return fields[0] is "Z" or "X" ? null : fields[StartField - StateField];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>This identity as a text.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Machine}\n{Id}\n{Start}\n{Cores}");

    /// <summary>The identity of a text.</summary>
    public static ProcessIdentity Parse(string text)
    {
        var parts = text.Split('\n');
        return new(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture), parts[2], parts[3]);
    }

    private static string AllowedCores()
    {
        const string Key = "Cpus_allowed_list:";
        try
        {
            return File.ReadLines("/proc/self/status").FirstOrDefault(static line => line.StartsWith(Key, StringComparison.Ordinal))
                ?[Key.Length..].Trim() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
