using System.Runtime.CompilerServices;

namespace Dit.Runtime.Kernels;

/// <summary>The product of weights and two panels by seven products of halves where there would be eight (Strassen, Numer. Math. 13, 1969).</summary>
/// <remarks>
/// <c>(A B; C D) (X Y; Z W)</c>: the panels are the columns of the right factor, the halves of their features its rows. Sums of weights are made when they are packed, and those of
/// the panels here; every product goes straight to the one or two places that it is a part of. The error is bounded by the largest numbers of
/// both factors and no longer by those of each sum (Higham, Accuracy and Stability of Numerical Algorithms, chapter 23); predictions of whole models are as near to
/// libtorch's as without.
/// </remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal static unsafe class StrassenProduct<V, S>
    where V : struct
    where S : struct, ISimd<V>
{
    /// <summary>Multiplies a block of columns.</summary>
    /// <param name="weights">Halved weights.</param>
    /// <param name="k">The block's first column.</param>
    /// <param name="depth">Its columns, an even number.</param>
    /// <param name="width">Tokens of either panel.</param>
    /// <param name="one">The first panel's features of the block, (depth, width).</param>
    /// <param name="two">The second panel's.</param>
    /// <param name="outputOne">The first panel of the result, (rows, width).</param>
    /// <param name="outputTwo">The second.</param>
    /// <param name="add">Whether to add to what is there.</param>
    /// <param name="sums">Their sums, see <see cref="Combine"/>.</param>
    public static void Multiply(PackedWeights weights, int k, int depth, int width, float* one, float* two, float* outputOne, float* outputTwo, bool add, float* sums)
    {
        var (half, vectors) = (depth / 2, width / S.Lanes);
        var (length, step, tile) = ((long)half * width, (long)half * S.TileRows, (long)S.TileRows * width);
        float* x = one, w = two + length; // X over Z, Y over W
        float* xw = sums, yw = xw + length, zx = yw + length, xy = zx + length, zw = xy + length;
        for (var t = 0; t < weights.HalfTiles; t++)
        {
            var factors = weights.Factors(t, k);
            float* upperOne = outputOne + t * tile, lowerOne = upperOne + weights.HalfTiles * tile, upperTwo = outputTwo + t * tile, lowerTwo = upperTwo + weights.HalfTiles * tile;
            MatrixTile<V, S>.MultiplyTwice(vectors, half, factors, xw, upperOne, add, lowerTwo, add, 1);                // (A + D) (X + W)
            MatrixTile<V, S>.MultiplyTwice(vectors, half, factors + step, x, lowerOne, add, lowerTwo, true, -1);        // (C + D) X
            MatrixTile<V, S>.MultiplyTwice(vectors, half, factors + 2 * step, yw, upperTwo, add, lowerTwo, true, 1);    // A (Y - W)
            MatrixTile<V, S>.MultiplyTwice(vectors, half, factors + 3 * step, zx, upperOne, true, lowerOne, true, 1);   // D (Z - X)
            MatrixTile<V, S>.MultiplyTwice(vectors, half, factors + 4 * step, w, upperTwo, true, upperOne, true, -1);   // (A + B) W
            MatrixTile<V, S>.Multiply(vectors, half, factors + 5 * step, xy, lowerTwo, width, add: true);               // (C - A) (X + Y)
            MatrixTile<V, S>.Multiply(vectors, half, factors + 6 * step, zw, upperOne, width, add: true);               // (B - D) (Z + W)
        }
        if (weights.Tiles % 2 == 0) return;
        var last = 2 * weights.HalfTiles * tile;
        MatrixTile<V, S>.Multiply(vectors, depth, weights.Rest(k), one, outputOne + last, width, add);
        MatrixTile<V, S>.Multiply(vectors, depth, weights.Rest(k), two, outputTwo + last, width, add);
    }

    /// <summary>The sums of the halves of two panels, in a block of columns.</summary>
    /// <param name="one">The first panel's features of the block, (depth, width).</param>
    /// <param name="two">The second panel's.</param>
    /// <param name="length">Half of depth width.</param>
    /// <param name="sums">Where they go: five times <paramref name="length"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Combine(float* one, float* two, long length, float* sums)
    {
        float* x = one, z = one + length, y = two, w = two + length;
        float* xw = sums, yw = xw + length, zx = yw + length, xy = zx + length, zw = xy + length;
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
