using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Learned position tables, made ready for a different grid of patches.</summary>
public static class LearnedPositions
{
    /// <summary>
    /// The table of a different grid: the places of the patches are interpolated bilinearly between those that were
    /// learned, with the edges of the images on each other, as UniDiffuser does for images of other sizes (arXiv
    /// 2303.06555).
    /// </summary>
    /// <param name="table">The learned table, (1, M + Y X, D).</param>
    /// <param name="before">M, tokens before the patches; their places stay.</param>
    /// <param name="from">Y and X, the grid of the table.</param>
    /// <param name="to">Y' and X', the wanted grid.</param>
    /// <returns>(1, M + Y' X', D), of the type of <paramref name="table"/>.</returns>
    /// <exception cref="DitException">The table is not of that grid, or the wanted grid has no patch.</exception>
    public static Tensor Interpolate(Tensor table, int before, (int Rows, int Columns) from, (int Rows, int Columns) to)
    {
        if (table.shape is not [1, var tokens, var width] || before < 0 || tokens != before + from.Rows * from.Columns)
            throw new DitException(
                $"A position table of {before} tokens and {from.Rows} x {from.Columns} patches has the shape "
                    + $"(1, {before + from.Rows * from.Columns}, D), but this one has ({string.Join(", ", table.shape)}).");
        if (to.Rows < 1 || to.Columns < 1)
            throw new DitException($"Positions for {to.Rows} x {to.Columns} patches were asked for: there must be one patch at least.");
        using var scope = NewDisposeScope();
        var patches = table.narrow(1, before, from.Rows * from.Columns).reshape(1, from.Rows, from.Columns, width).permute(0, 3, 1, 2);
        var placed = nn.functional.interpolate(
            patches.to(ScalarType.Float32), [to.Rows, to.Columns], mode: InterpolationMode.Bilinear, align_corners: false);
        return cat([table.narrow(1, 0, before), placed.flatten(2).transpose(1, 2).to(table.dtype)], dim: 1).MoveToOuterDisposeScope();
    }
}
