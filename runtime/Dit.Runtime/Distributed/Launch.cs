using System.Globalization;

namespace Dit.Runtime;

/// <summary>What a launcher, such as mpirun or srun, says in the environment of each process that it starts.</summary>
/// <param name="Launcher">The launcher.</param>
/// <param name="Rank">The number of this process, from 0.</param>
/// <param name="Size">How many processes there are.</param>
internal sealed record Launch(Launcher Launcher, int Rank, int Size)
{
    /// <summary>The environment variable that names the MPI library, or says <see cref="Off"/>.</summary>
    public const string Variable = "DIT_MPI";

    /// <summary>The word with which each process is one of its own, whatever the launcher says.</summary>
    public const string Off = "off";

    // A batch script of Slurm has SLURM_NTASKS, too; only what srun starts has the variables of a step.
    private static readonly (Launcher Launcher, string Rank, string Size)[] Variables =
    [
        (Launcher.OpenMpi, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        (Launcher.Mpich, "PMI_RANK", "PMI_SIZE"),
        (Launcher.Slurm, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ];

    /// <summary>How this process was launched; null where it is the only one.</summary>
    public static Launch? Current { get; } = Of(Environment.GetEnvironmentVariable);

    /// <summary>How a process with these variables was launched; null where it is the only one.</summary>
    /// <param name="variable">The value of a variable, or null.</param>
    public static Launch? Of(Func<string, string?> variable)
    {
        if (Off.Equals(variable(Variable), StringComparison.OrdinalIgnoreCase)) return null;
        foreach (var (launcher, rank, size) in Variables)
            if (Number(variable(rank)) is { } mine && Number(variable(size)) is { } all && mine < all)
                return all > 1 ? new(launcher, mine, all) : null;
        return null;
    }

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>What starts several processes.</summary>
internal enum Launcher
{
    /// <summary>mpirun of Open MPI.</summary>
    OpenMpi,

    /// <summary>mpiexec of MPICH and of libraries with its interface.</summary>
    Mpich,

    /// <summary>srun of Slurm.</summary>
    Slurm,
}
