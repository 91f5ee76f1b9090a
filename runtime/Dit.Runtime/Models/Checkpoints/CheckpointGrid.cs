using static TorchSharp.torch;

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

/// <summary>The position table of a model.</summary>
/// <param name="Name">Its name in the state dict.</param>
/// <param name="Rows">Y, rows of patches.</param>
/// <param name="Columns">X, columns of patches.</param>
public sealed record PositionTable(string Name, int Rows, int Columns)
{
    /// <summary>As for <see cref="Positions.SinCos2D"/>.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>As for <see cref="Positions.SinCos2D"/>.</summary>
    public int? Base { get; init; }

    /// <summary>The table of a generated model of the backbone <c>dit</c>.</summary>
    public static PositionTable Of(ModelCard card) =>
        new("pos_embed", card.Input.Height / card.PatchSize, card.Input.Width / card.PatchSize)
        {
            Scale = card.PositionScale,
            Base = card.PositionBase,
        };

    /// <summary>The positions.</summary>
    /// <param name="width">D.</param>
    /// <returns>(Y X, D), float64.</returns>
    internal Tensor Values(int width) => Positions.SinCos2D(width, Rows, Columns, Scale, Base);
}
