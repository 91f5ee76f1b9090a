namespace Dit.Kernels;

/// <summary>Work that the workers of a pool do together.</summary>
internal interface IWork
{
    /// <summary>
    /// Takes tasks and does them until none is left to take. Worker 0 returns when all are done, and throws what a task
    /// has thrown.
    /// </summary>
    /// <param name="worker">Who asks: its scratch memory is its own.</param>
    void Join(int worker);
}
