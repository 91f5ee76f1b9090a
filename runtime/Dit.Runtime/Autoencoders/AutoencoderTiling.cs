using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// How a large image is worked on in overlapping tiles, so that memory follows the tile and not the image.
/// </summary>
/// <remarks>
/// Norms and attention of a tile see the tile alone, so the result is near that of the whole image, not equal to it;
/// the overlap is blended linearly, so that no seam shows. An image no larger than a tile is worked on whole, exactly.
/// </remarks>
public sealed record AutoencoderTiling
{
    private const long LargestWhole = 1024 * 1024; // image pixels

    private const int UsualTile = 512; // image pixels: 64 latent pixels of KL-f8

    private const int SmallestTile = 8; // latent pixels

    /// <summary>A tiling.</summary>
    /// <param name="tile">
    /// Side of a tile in latent pixels, at least 8; 64 is what the published autoencoders were used at.
    /// </param>
    /// <param name="overlap">Latent pixels that neighboring tiles share at least; less than half the tile.</param>
    /// <exception cref="DitException">A number is out of range.</exception>
    public AutoencoderTiling(int tile = 64, int overlap = 16)
    {
        if (tile < SmallestTile)
            throw new DitException($"Tiles of {tile} latent pixels are too small: at least {SmallestTile} are needed.");
        if (overlap < 0 || 2 * overlap >= tile)
            throw new DitException($"Tiles of {tile} latent pixels can overlap by 0 to {(tile - 1) / 2}, not by {overlap}.");
        (Tile, Overlap) = (tile, overlap);
    }

    /// <summary>
    /// What is usual for latents of a size: the whole image up to 1,048,576 image pixels, where a decode by KL-f8 stays
    /// well below 4 GB, then tiles of 512 x 512 image pixels that overlap by a quarter.
    /// </summary>
    /// <remarks>
    /// Memory follows the image pixels, at which the last blocks of a decoder work, whatever the factor of the
    /// autoencoder. Whole images keep their norms and their attention, so they are not cut before memory asks for it;
    /// docs/latents.md has the numbers.
    /// </remarks>
    /// <param name="rows">Y of the latents.</param>
    /// <param name="columns">X of the latents.</param>
    /// <param name="factor">
    /// Image pixels to a latent pixel, along each side (<see cref="AutoencoderCard.Factor"/>).
    /// </param>
    /// <returns>Null for working on the whole at once.</returns>
    public static AutoencoderTiling? For(int rows, int columns, int factor = 8)
    {
        if ((Int128)rows * columns * factor * factor <= LargestWhole) return null;
        var tile = Math.Max(SmallestTile, UsualTile / factor);
        return new(tile, overlap: tile / 4);
    }

    /// <summary>Side of a tile in latent pixels.</summary>
    public int Tile { get; }

    /// <summary>Latent pixels that neighboring tiles share at least.</summary>
    public int Overlap { get; }

    /// <summary>
    /// Where tiles along one side begin: evenly spread, the first at 0 and the last ending where the side ends.
    /// </summary>
    /// <param name="length">Of the side, in latent pixels.</param>
    public IReadOnlyList<int> Starts(int length)
    {
        if (length <= Tile) return [0];
        var gaps = (length - Tile + Tile - Overlap - 1) / (Tile - Overlap);
        return [.. Enumerable.Range(0, gaps + 1).Select(i => (int)((long)i * (length - Tile) / gaps))];
    }

    /// <summary>Works on tiles and blends what they give.</summary>
    /// <param name="rows">Latent rows of the whole.</param>
    /// <param name="columns">Latent columns of the whole.</param>
    /// <param name="scale">Pixels of the result to a latent pixel, along each side.</param>
    /// <param name="work">
    /// Gives the result of one tile of latent rows and columns, (N, C, scale rows, scale columns); it is disposed here.
    /// </param>
    /// <returns>(N, C, scale rows, scale columns).</returns>
    internal Tensor Blend(int rows, int columns, int scale, Func<TileArea, Tensor> work)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (Math.Min(Tile, rows), Math.Min(Tile, columns));
        Tensor? sum = null, weights = null;
        foreach (var top in Starts(rows))
        {
            foreach (var left in Starts(columns))
            {
                using var pieces = NewDisposeScope();
                var result = work(new TileArea(top, left, height, width));
                var (n, c) = (result.shape[0], result.shape[1]);
                sum ??= zeros([n, c, rows * scale, columns * scale], result.dtype, result.device).MoveToOuterDisposeScope();
                weights ??= zeros([rows * scale, columns * scale], result.dtype, result.device).MoveToOuterDisposeScope();
                var weight = Ramp(height * scale, result).unsqueeze(1) * Ramp(width * scale, result);
                Area(weights, 0).add_(weight, Scalars.One);
                Area(sum, 2).add_(result.mul_(weight), Scalars.One);

                Tensor Area(Tensor whole, int from) =>
                    whole.narrow(from, top * scale, height * scale).narrow(from + 1, left * scale, width * scale);
            }
        }
        return sum is null || weights is null
            ? throw new InvalidOperationException("A side has at least one tile.")
            : sum.div_(weights).MoveToOuterDisposeScope();

        // Rises over the overlap from the edge inwards, so that where tiles meet one fades into the other.
        Tensor Ramp(int length, Tensor like)
        {
            var position = arange(length, like.dtype, like.device) + 0.5;
            return minimum(position, length - position).div_(Math.Max(1, Overlap * scale)).clamp_(max: 1);
        }
    }
}

/// <summary>A rectangle of latent pixels.</summary>
internal readonly record struct TileArea(int Top, int Left, int Height, int Width)
{
    /// <summary>The part of a tensor that lies there.</summary>
    /// <param name="whole">(N, C, scale Y, scale X).</param>
    /// <param name="scale">Its pixels to a latent pixel.</param>
    public Tensor Of(Tensor whole, int scale)
    {
        using var rows = whole.narrow(2, Top * scale, Height * scale);
        return rows.narrow(3, Left * scale, Width * scale);
    }
}
