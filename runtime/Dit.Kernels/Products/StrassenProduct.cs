using System.Runtime.CompilerServices;

namespace Dit.Kernels;

/// <summary>The left factors of a block of columns.</summary>
/// <param name="start">
/// The seven factors of the first tile of the upper half, (half the depth, R) each, then those of the next.
/// </param>
/// <param name="tiles">Tiles in each half of the rows.</param>
/// <param name="rest">The tile without a counterpart, where there is an odd number; null where there is none.</param>
internal readonly unsafe struct StrassenFactors(float* start, int tiles, float* rest)
{
    public float* Start => start;

    public int Tiles => tiles;

    public float* Rest => rest;
}

/// <summary>
/// The product of weights and two panels by seven products of halves where there would be eight (Strassen, Numer. Math.
/// 13, 1969).
/// </summary>
/// <remarks>
/// The weights are halved in rows and columns; the two panels are the columns of the right factor, and the halves of
/// their features its rows:
/// <code>
///   (A B) (X Y)   (AX + BZ   AY + BW)      X, Y: the first half of the features of panel one, of panel two
///   (C D) (Z W) = (CX + DZ   CY + DW)      Z, W: the second half
///
///   P1 = (A + D)(X + W)    P2 = (C + D) X     P3 = A (Y - W)    P4 = D (Z - X)
///   P5 = (A + B) W         P6 = (C - A)(X + Y)                  P7 = (B - D)(Z + W)
///
///   AX + BZ = P1 + P4 - P5 + P7     AY + BW = P3 + P5
///   CX + DZ = P2 + P4               CY + DW = P1 - P2 + P3 + P6
/// </code>
/// Pairs: a tile of the upper half of the rows goes with the tile as far down in the lower half, and a panel with the
/// next one, which is as wide. So the number of vectors of tokens is even. A tile that is left over where their number
/// is odd is multiplied as it is. Columns are halved block by block. Sums of weights are made when they are packed,
/// those of the panels by <see cref="Combine"/>; every product goes straight to the one or two results that it is a
/// part of. The error is bounded by the largest numbers of both factors, no longer by those of each sum (Higham,
/// Accuracy and Stability of Numerical Algorithms, chapter 23); predictions of whole models are as near to libtorch's
/// as without.
/// </remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal static unsafe class StrassenProduct<V, S>
    where V : struct
    where S : struct, ISimd<V>
{
    /// <summary>Multiplies a block of columns.</summary>
    /// <param name="factors">The left factors.</param>
    /// <param name="depth">Columns of the block, an even number.</param>
    /// <param name="width">Tokens of either panel.</param>
    /// <param name="input">The panels' features of the block, (depth, width) each, with their sums.</param>
    /// <param name="output">The panels of the result, (rows, width) each.</param>
    /// <param name="add">Whether to add to what is there.</param>
    public static void Multiply(StrassenFactors factors, int depth, int width, PanelPair input, PanelPair output, bool add)
    {
        var (half, vectors) = (depth / 2, width / S.Lanes);
        var (length, step, tile) = ((long)half * width, (long)half * S.TileRows, (long)S.TileRows * width);
        float* x = input.One, w = input.Two + length; // X over Z, Y over W
        float* xw = input.Sums, yw = xw + length, zx = yw + length, xy = zx + length, zw = xy + length;
        var a = factors.Start;
        for (var t = 0; t < factors.Tiles; t++, a += 7 * step)
        {
            float* upperOne = output.One + t * tile, lowerOne = upperOne + factors.Tiles * tile;
            float* upperTwo = output.Two + t * tile, lowerTwo = upperTwo + factors.Tiles * tile;
            MatrixTile<V, S>.MultiplyTwice(vectors, half, a, xw, new(upperOne, add, lowerTwo, add, 1, width));                // P1
            MatrixTile<V, S>.MultiplyTwice(vectors, half, a + step, x, new(lowerOne, add, lowerTwo, true, -1, width));        // P2
            MatrixTile<V, S>.MultiplyTwice(vectors, half, a + 2 * step, yw, new(upperTwo, add, lowerTwo, true, 1, width));    // P3
            MatrixTile<V, S>.MultiplyTwice(vectors, half, a + 3 * step, zx, new(upperOne, true, lowerOne, true, 1, width));   // P4
            MatrixTile<V, S>.MultiplyTwice(vectors, half, a + 4 * step, w, new(upperTwo, true, upperOne, true, -1, width));   // P5
            MatrixTile<V, S>.Multiply(vectors, half, a + 5 * step, xy, lowerTwo, width, add: true);                           // P6
            MatrixTile<V, S>.Multiply(vectors, half, a + 6 * step, zw, upperOne, width, add: true);                           // P7
        }
        if (factors.Rest is null) return;
        var last = 2 * factors.Tiles * tile;
        MatrixTile<V, S>.Multiply(vectors, depth, factors.Rest, input.One, output.One + last, width, add);
        MatrixTile<V, S>.Multiply(vectors, depth, factors.Rest, input.Two, output.Two + last, width, add);
    }

    /// <summary>
    /// The sums of the halves of two panels, in a block of columns: X + W, Y - W, Z - X, X + Y, Z + W.
    /// </summary>
    /// <param name="panels">
    /// The panels' features of the block, (depth, width) each, and where the sums go: five times
    /// <paramref name="length"/>.
    /// </param>
    /// <param name="length">Half of depth width.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Combine(PanelPair panels, long length)
    {
        float* x = panels.One, z = x + length, y = panels.Two, w = y + length;
        float* xw = panels.Sums, yw = xw + length, zx = yw + length, xy = zx + length, zw = xy + length;
        for (long i = 0; i < length; i += S.Lanes)
        {
            V a = S.Load(x + i), b = S.Load(y + i), c = S.Load(z + i), d = S.Load(w + i);
            S.Store(S.Add(a, d), xw + i);
            S.Store(S.Subtract(b, d), yw + i);
            S.Store(S.Subtract(c, a), zx + i);
            S.Store(S.Add(a, b), xy + i);
            S.Store(S.Add(c, d), zw + i);
        }
    }
}
