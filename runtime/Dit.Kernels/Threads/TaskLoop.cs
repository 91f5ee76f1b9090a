namespace Dit.Kernels;

/// <summary>
/// Threads that share the tasks of a loop: the one door through which kernels run on more than one core.
/// </summary>
internal abstract class TaskLoop
{
    /// <summary>Threads, that of the caller counted.</summary>
    public abstract int Threads { get; }

    /// <summary>
    /// Runs tasks 0 to <paramref name="count"/> - 1, handed out one by one, and returns when all are done.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="task">One of them; its result may not depend on which thread runs it.</param>
    /// <param name="operations">
    /// About how many multiply-adds all of them are: a few are done before a second thread has begun.
    /// </param>
    public abstract void Run(int count, Action<int> task, double operations = double.MaxValue);
}
