using System.Runtime.CompilerServices;

namespace Dit.Runtime.Kernels;

/// <summary>The innermost loop of every matrix product: one tile of the result in registers.</summary>
/// <remarks>
/// <c>C (R, W) = A (R, K) B (K, W)</c>, R the tile's rows and W one, two or three vectors. A lies as (K, R) and B as (K, W), so that both are read from
/// front to back. Every step multiplies R numbers of A with the vectors of B: the loads are few beside the products, which then take all the time.
/// </remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal static unsafe class MatrixTile<V, S>
    where V : struct
    where S : struct, ISimd<V>
{
    /// <summary>Computes a tile.</summary>
    /// <param name="vectors">Vectors in a row of the tile, 1 to 3.</param>
    /// <param name="depth">K.</param>
    /// <param name="a">(K, R).</param>
    /// <param name="b">(K, W).</param>
    /// <param name="c">The tile's first number, in rows that lie <paramref name="stride"/> apart.</param>
    /// <param name="stride">Floats from one row of the result to the next.</param>
    /// <param name="add">Whether the product is added to what is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int vectors, int depth, float* a, float* b, float* c, nint stride, bool add) =>
        Multiply(vectors, depth, a, b, c, stride, add ? c : null, stride);

    /// <summary>Computes a tile.</summary>
    /// <param name="vectors">Vectors in a row of the tile, 1 to 3.</param>
    /// <param name="depth">K.</param>
    /// <param name="a">(K, R).</param>
    /// <param name="b">(K, W).</param>
    /// <param name="c">The tile's first number, in rows that lie <paramref name="stride"/> apart.</param>
    /// <param name="stride">Floats from one row of the result to the next.</param>
    /// <param name="sum">What the product is added to; null for nothing.</param>
    /// <param name="sumStride">Floats from one row of it to the next: 0 for a row that is added to all.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int vectors, int depth, float* a, float* b, float* c, nint stride, float* sum, nint sumStride)
    {
        if (S.TileRows == 8) Eight(vectors, depth, a, b, c, stride, sum, sumStride);
        else Four(vectors, depth, a, b, c, stride, sum, sumStride);
    }

    private static void Eight(int vectors, int depth, float* a, float* b, float* c, nint stride, float* sum, nint sumStride)
    {
        if (vectors == 3) Eight<Three>(depth, a, b, c, stride, sum, sumStride);
        else if (vectors == 2) Eight<Two>(depth, a, b, c, stride, sum, sumStride);
        else Eight<One>(depth, a, b, c, stride, sum, sumStride);
    }

    private static void Four(int vectors, int depth, float* a, float* b, float* c, nint stride, float* sum, nint sumStride)
    {
        if (vectors == 3) Four<Three>(depth, a, b, c, stride, sum, sumStride);
        else if (vectors == 2) Four<Two>(depth, a, b, c, stride, sum, sumStride);
        else Four<One>(depth, a, b, c, stride, sum, sumStride);
    }

    // Written out: the compiler keeps local variables in registers, elements of an array it does not. What a narrower tile does not need falls away.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Eight<W>(int depth, float* a, float* b, float* c, nint stride, float* sum, nint sumStride)
        where W : struct, IWidth
    {
        var lanes = S.Lanes;
        V a0 = default, a1 = default, a2 = default, b0 = default, b1 = default, b2 = default, c0 = default, c1 = default, c2 = default, d0 = default, d1 = default, d2 = default;
        V e0 = default, e1 = default, e2 = default, f0 = default, f1 = default, f2 = default, g0 = default, g1 = default, g2 = default, h0 = default, h1 = default, h2 = default;
        for (; depth > 0; depth--)
        {
            V x = S.Load(b), y = default, z = default;
            if (W.Vectors > 1) y = S.Load(b + lanes);
            if (W.Vectors > 2) z = S.Load(b + 2 * lanes);
            Step<W>(S.Fill(a[0]), x, y, z, ref a0, ref a1, ref a2);
            Step<W>(S.Fill(a[1]), x, y, z, ref b0, ref b1, ref b2);
            Step<W>(S.Fill(a[2]), x, y, z, ref c0, ref c1, ref c2);
            Step<W>(S.Fill(a[3]), x, y, z, ref d0, ref d1, ref d2);
            Step<W>(S.Fill(a[4]), x, y, z, ref e0, ref e1, ref e2);
            Step<W>(S.Fill(a[5]), x, y, z, ref f0, ref f1, ref f2);
            Step<W>(S.Fill(a[6]), x, y, z, ref g0, ref g1, ref g2);
            Step<W>(S.Fill(a[7]), x, y, z, ref h0, ref h1, ref h2);
            a += 8;
            b += W.Vectors * lanes;
        }
        Finish<W>(c, sum, a0, a1, a2);
        Finish<W>(c + stride, Below(sum, sumStride), b0, b1, b2);
        Finish<W>(c + 2 * stride, Below(sum, 2 * sumStride), c0, c1, c2);
        Finish<W>(c + 3 * stride, Below(sum, 3 * sumStride), d0, d1, d2);
        Finish<W>(c + 4 * stride, Below(sum, 4 * sumStride), e0, e1, e2);
        Finish<W>(c + 5 * stride, Below(sum, 5 * sumStride), f0, f1, f2);
        Finish<W>(c + 6 * stride, Below(sum, 6 * sumStride), g0, g1, g2);
        Finish<W>(c + 7 * stride, Below(sum, 7 * sumStride), h0, h1, h2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Four<W>(int depth, float* a, float* b, float* c, nint stride, float* sum, nint sumStride)
        where W : struct, IWidth
    {
        var lanes = S.Lanes;
        V a0 = default, a1 = default, a2 = default, b0 = default, b1 = default, b2 = default, c0 = default, c1 = default, c2 = default, d0 = default, d1 = default, d2 = default;
        for (; depth > 0; depth--)
        {
            V x = S.Load(b), y = default, z = default;
            if (W.Vectors > 1) y = S.Load(b + lanes);
            if (W.Vectors > 2) z = S.Load(b + 2 * lanes);
            Step<W>(S.Fill(a[0]), x, y, z, ref a0, ref a1, ref a2);
            Step<W>(S.Fill(a[1]), x, y, z, ref b0, ref b1, ref b2);
            Step<W>(S.Fill(a[2]), x, y, z, ref c0, ref c1, ref c2);
            Step<W>(S.Fill(a[3]), x, y, z, ref d0, ref d1, ref d2);
            a += 4;
            b += W.Vectors * lanes;
        }
        Finish<W>(c, sum, a0, a1, a2);
        Finish<W>(c + stride, Below(sum, sumStride), b0, b1, b2);
        Finish<W>(c + 2 * stride, Below(sum, 2 * sumStride), c0, c1, c2);
        Finish<W>(c + 3 * stride, Below(sum, 3 * sumStride), d0, d1, d2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<W>(V factor, V x, V y, V z, ref V sum0, ref V sum1, ref V sum2)
        where W : struct, IWidth
    {
        sum0 = S.MultiplyAdd(factor, x, sum0);
        if (W.Vectors > 1) sum1 = S.MultiplyAdd(factor, y, sum1);
        if (W.Vectors > 2) sum2 = S.MultiplyAdd(factor, z, sum2);
    }

    // What is there is added at the end, so that the loop does not wait for it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<W>(float* c, float* sum, V sum0, V sum1, V sum2)
        where W : struct, IWidth
    {
        var lanes = S.Lanes;
        S.Store(sum is not null ? S.Add(sum0, S.Load(sum)) : sum0, c);
        if (W.Vectors > 1) S.Store(sum is not null ? S.Add(sum1, S.Load(sum + lanes)) : sum1, c + lanes);
        if (W.Vectors > 2) S.Store(sum is not null ? S.Add(sum2, S.Load(sum + 2 * lanes)) : sum2, c + 2 * lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Below(float* sum, nint offset) => sum is null ? null : sum + offset;

    private interface IWidth
    {
        static abstract int Vectors { get; }
    }

    private readonly struct One : IWidth
    {
        public static int Vectors => 1;
    }

    private readonly struct Two : IWidth
    {
        public static int Vectors => 2;
    }

    private readonly struct Three : IWidth
    {
        public static int Vectors => 3;
    }
}
