namespace Dit.Runtime;

/// <summary>The part of a batch that one of several processes takes: consecutive samples, in the order of the
/// processes.</summary>
/// <param name="Rank">The process, from 0.</param>
/// <param name="Size">How many processes there are.</param>
internal readonly record struct BatchShare(int Rank, int Size)
{
    /// <summary>The whole batch.</summary>
    public static BatchShare Whole => new(0, 1);

    /// <summary>The samples of this process: from the first one up to, not including, the second.</summary>
    /// <param name="batch">N, the samples of the batch.</param>
    public (int From, int To) Of(int batch) => (At(batch, Rank), At(batch, Rank + 1));

    private int At(int batch, int rank) => (int)((long)batch * rank / Size);
}
