namespace Dit.Runtime;

/// <summary>What to do with a checkpoint that was made for another grid of patches.</summary>
/// <remarks>
/// The position table is the one tensor whose shape follows the grid. It is not trained (DiT paper, section 3.2), so it
/// can be recomputed; how well the model draws at a size it never saw is another question, and so it is never done
/// silently. <see cref="Match"/> is the way in.
/// </remarks>
public abstract record CheckpointGrid
{
    private CheckpointGrid() { }

    /// <summary>The checkpoint is refused.</summary>
    public static CheckpointGrid MustMatch { get; } = new Same();

    /// <summary>The model's own position table is computed, whatever the checkpoint holds.</summary>
    /// <param name="notice">Receives one sentence if the grids differ.</param>
    public static CheckpointGrid Recompute(Action<string> notice) => new Recomputed(notice);

    /// <summary>One function per case.</summary>
    public T Match<T>(Func<T> mustMatch, Func<Action<string>, T> recompute) => this switch
    {
        Recomputed own => recompute(own.Notice),
        _ => mustMatch(),
    };

    private sealed record Same : CheckpointGrid;

    private sealed record Recomputed(Action<string> Notice) : CheckpointGrid;
}
