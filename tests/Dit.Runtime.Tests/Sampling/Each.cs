namespace Dit.Runtime.Tests;

/// <summary>Progress that is told at once, on the same thread, and remembered.</summary>
internal sealed class Each<T>(Action<T>? act = null) : IProgress<T>
{
    public List<T> Seen { get; } = [];

    public void Report(T value)
    {
        Seen.Add(value);
        act?.Invoke(value);
    }
}
