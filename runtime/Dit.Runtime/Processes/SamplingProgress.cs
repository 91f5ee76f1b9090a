namespace Dit.Runtime;

/// <summary>How far a loop over the times of a process is.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="Steps">Steps in all; null for a solver that chooses them as it goes.</param>
/// <param name="Time">The time of the step just done, as the network sees it.</param>
public readonly record struct SamplingProgress(int Step, int? Steps, double Time)
{
    /// <summary>The share of the work that is done, from 0 to 1; for a solver that chooses its steps, the share of the
    /// time.</summary>
    public double Share => Steps is { } all ? (double)Step / all : Travelled;

    /// <summary>Calls of the network so far, in attempts that were rejected too; two passes each where guidance acts.
    /// The last report has those of the run.</summary>
    public int Evaluations { get; init; }

    /// <summary>Attempts at steps so far whose error was too large; 0 for a solver of given steps.</summary>
    public int Rejected { get; init; }

    /// <summary>The share of the time that a loop without a known number of steps has come through; 0 for other
    /// loops.</summary>
    internal double Travelled { get; init; }
}
