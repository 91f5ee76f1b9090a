using static TorchSharp.torch;

namespace Dit.Runtime;

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

    /// <summary>Whether it is learned, and not a fixed table of sines and cosines.</summary>
    public bool IsLearned { get; init; }

    /// <summary>Tokens before those of the patches that have places in a learned table, such as the time's.</summary>
    public int Before { get; init; }

    /// <summary>The table of a generated model of the backbone <c>dit</c>.</summary>
    public static PositionTable Of(ModelCard card) =>
        new("pos_embed", card.Input.Height / card.PatchSize, card.Input.Width / card.PatchSize)
        {
            Scale = card.PositionScale,
            Base = card.PositionBase,
        };

    /// <summary>
    /// The table for a grid of patches: itself for its own grid. For another one a fixed table is computed by its
    /// formula (DiT, arXiv 2212.09748; with a base, PixArt-alpha, arXiv 2310.00426); of a learned one the places of
    /// patches are interpolated bilinearly, with pixel centers aligned (UniDiffuser, arXiv 2303.06555), and those of
    /// other tokens kept.
    /// </summary>
    /// <param name="table">The model's table, (1, Before + Y X, D).</param>
    /// <param name="grid">The grid.</param>
    /// <returns>(1, Before + rows x columns, D), of the type and on the device of the table.</returns>
    public Tensor At(Tensor table, PatchGrid grid) =>
        grid == new PatchGrid(Rows, Columns) ? table
        : IsLearned ? Interpolated(table, grid)
        : (this with { Rows = grid.Rows, Columns = grid.Columns }).Computed(table);

    /// <summary>The positions.</summary>
    /// <param name="width">D.</param>
    /// <returns>(Y X, D), float64.</returns>
    internal Tensor Values(int width) => Positions.SinCos2D(width, Rows, Columns, Scale, Base);

    private Tensor Computed(Tensor like)
    {
        using var scope = NewDisposeScope();
        return Values((int)like.shape[^1]).unsqueeze(0).to(like.dtype).to(like.device).MoveToOuterDisposeScope();
    }

    private Tensor Interpolated(Tensor table, PatchGrid grid)
    {
        using var scope = NewDisposeScope();
        var image = table.narrow(1, Before, (long)Rows * Columns).view(1, Rows, Columns, -1).permute(0, 3, 1, 2); // (1, D, Y, X)
        var resized = nn.functional.interpolate(
            image, [grid.Rows, grid.Columns], mode: InterpolationMode.Bilinear, align_corners: false);
        var patches = resized.flatten(2).transpose(1, 2);
        return cat([table.narrow(1, 0, Before), patches], dim: 1).MoveToOuterDisposeScope();
    }
}
