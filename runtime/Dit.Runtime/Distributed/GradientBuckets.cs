namespace Dit.Runtime;

/// <summary>Puts parameters into buckets that are reduced at once: one message costs less than many.</summary>
/// <param name="sizes">The numbers of each parameter.</param>
/// <param name="most">The most numbers of a bucket; a larger parameter has one of its own.</param>
/// <param name="full">Receives a bucket, the indices of its parameters.</param>
internal sealed class GradientBuckets(IReadOnlyList<long> sizes, long most, Action<int[]> full)
{
    private readonly List<int> open = [];
    private long held;

    /// <summary>Adds a parameter.</summary>
    public void Add(int parameter)
    {
        if (held + sizes[parameter] > most) Close();
        open.Add(parameter);
        held += sizes[parameter];
    }

    /// <summary>Hands over what is left.</summary>
    public void Close()
    {
        if (open.Count == 0) return;
        full([.. open]);
        open.Clear();
        held = 0;
    }
}
