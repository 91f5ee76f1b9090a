using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Dit.Kernels;

/// <summary>The innermost loop of every matrix product: one tile of the result in registers.</summary>
/// <remarks>
/// <c>C (R, W) = A (R, K) B (K, W)</c>, R the tile's rows and W one, two or three vectors. A lies as (K, R) and B as
/// (K, W), so that both are read from front to back. Every step multiplies R numbers of A with the vectors of B: the
/// loads are few beside the products, which then take all the time.
/// </remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal static unsafe class MatrixTile<V, S>
    where V : struct
    where S : struct, ISimd<V>
{
    private const int Ahead = 1024; // floats: a page
    private const int RowsAhead = 4; // of a panel

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
        Multiply(vectors, depth, a, b, new(c, stride, add ? c : null, stride));

    /// <summary>Computes a tile.</summary>
    /// <param name="vectors">Vectors in a row of the tile, 1 to 3.</param>
    /// <param name="depth">K.</param>
    /// <param name="a">(K, R).</param>
    /// <param name="b">(K, W).</param>
    /// <param name="to">Where it goes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int vectors, int depth, float* a, float* b, Target to) => Run(vectors, depth, a, b, to);

    /// <summary>Computes a tile for two places.</summary>
    /// <param name="vectors">Vectors in a row of the tile, 1 to 3; rows of both places lie so many apart.</param>
    /// <param name="depth">K.</param>
    /// <param name="a">(K, R).</param>
    /// <param name="b">(K, W).</param>
    /// <param name="to">Where it goes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyTwice(int vectors, int depth, float* a, float* b, TwoTargets to) => Run(vectors, depth, a, b, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<F>(int vectors, int depth, float* a, float* b, F finish)
        where F : struct, IFinish
    {
        if (S.TileRows == 8)
        {
            if (vectors == 3) Eight<Three, F>(depth, a, b, finish);
            else if (vectors == 2) Eight<Two, F>(depth, a, b, finish);
            else Eight<One, F>(depth, a, b, finish);
        }
        else
        {
            if (vectors == 3) Four<Three, F>(depth, a, b, finish);
            else if (vectors == 2) Four<Two, F>(depth, a, b, finish);
            else Four<One, F>(depth, a, b, finish);
        }
    }

    // Written out: the compiler keeps local variables in registers, elements of an array it does not. What a narrower
    // tile does not need falls away.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Eight<W, F>(int depth, float* a, float* b, F finish)
        where W : struct, IWidth
        where F : struct, IFinish
    {
        var lanes = S.Lanes;
        V a0 = default, a1 = default, a2 = default, b0 = default, b1 = default, b2 = default;
        V c0 = default, c1 = default, c2 = default, d0 = default, d1 = default, d2 = default;
        V e0 = default, e1 = default, e2 = default, f0 = default, f1 = default, f2 = default;
        V g0 = default, g1 = default, g2 = default, h0 = default, h1 = default, h2 = default;
        for (; depth > 0; depth--)
        {
            V x = S.Load(b), y = default, z = default;
            if (W.Vectors > 1) y = S.Load(b + lanes);
            if (W.Vectors > 2) z = S.Load(b + 2 * lanes);
            Fetch(a);
            FetchRow<W>(b);
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
        finish.Row<W>(0, a0, a1, a2);
        finish.Row<W>(1, b0, b1, b2);
        finish.Row<W>(2, c0, c1, c2);
        finish.Row<W>(3, d0, d1, d2);
        finish.Row<W>(4, e0, e1, e2);
        finish.Row<W>(5, f0, f1, f2);
        finish.Row<W>(6, g0, g1, g2);
        finish.Row<W>(7, h0, h1, h2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Four<W, F>(int depth, float* a, float* b, F finish)
        where W : struct, IWidth
        where F : struct, IFinish
    {
        var lanes = S.Lanes;
        V a0 = default, a1 = default, a2 = default, b0 = default, b1 = default, b2 = default;
        V c0 = default, c1 = default, c2 = default, d0 = default, d1 = default, d2 = default;
        for (; depth > 0; depth--)
        {
            V x = S.Load(b), y = default, z = default;
            if (W.Vectors > 1) y = S.Load(b + lanes);
            if (W.Vectors > 2) z = S.Load(b + 2 * lanes);
            Fetch(a);
            Step<W>(S.Fill(a[0]), x, y, z, ref a0, ref a1, ref a2);
            Step<W>(S.Fill(a[1]), x, y, z, ref b0, ref b1, ref b2);
            Step<W>(S.Fill(a[2]), x, y, z, ref c0, ref c1, ref c2);
            Step<W>(S.Fill(a[3]), x, y, z, ref d0, ref d1, ref d2);
            a += 4;
            b += W.Vectors * lanes;
        }
        finish.Row<W>(0, a0, a1, a2);
        finish.Row<W>(1, b0, b1, b2);
        finish.Row<W>(2, c0, c1, c2);
        finish.Row<W>(3, d0, d1, d2);
    }

    // Weights come from further away than panels, tile after tile: the processor follows them, but not from one page of
    // memory into the next.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* a)
    {
        if (Sse.IsSupported) Sse.Prefetch0(a + Ahead);
    }

    // Panels are larger than the first cache. Where two products begin in every cycle (Intel), waiting for the second
    // cache takes a noticeable part of the time.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchRow<W>(float* b)
        where W : struct, IWidth
    {
        if (!Sse.IsSupported) return;
        b += RowsAhead * W.Vectors * S.Lanes;
        Sse.Prefetch0(b);
        if (W.Vectors > 1) Sse.Prefetch0(b + S.Lanes);
        if (W.Vectors > 2) Sse.Prefetch0(b + 2 * S.Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<W>(V factor, V x, V y, V z, ref V sum0, ref V sum1, ref V sum2)
        where W : struct, IWidth
    {
        sum0 = S.MultiplyAdd(factor, x, sum0);
        if (W.Vectors > 1) sum1 = S.MultiplyAdd(factor, y, sum1);
        if (W.Vectors > 2) sum2 = S.MultiplyAdd(factor, z, sum2);
    }

    /// <summary>
    /// What becomes of a row of the tile. What is there is added at the end, so that the loop does not wait for it.
    /// </summary>
    public interface IFinish
    {
        void Row<W>(nint row, V sum0, V sum1, V sum2)
            where W : struct, IWidth;
    }

    /// <summary>Where a tile goes.</summary>
    /// <param name="c">The tile's first number.</param>
    /// <param name="stride">Floats from one row of the result to the next.</param>
    /// <param name="sum">What the product is added to; null for nothing.</param>
    /// <param name="sumStride">Floats from one row of it to the next: 0 for a row that is added to all.</param>
    public readonly struct Target(float* c, nint stride, float* sum, nint sumStride) : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Row<W>(nint row, V sum0, V sum1, V sum2)
            where W : struct, IWidth
        {
            var lanes = S.Lanes;
            float* to = c + row * stride, from = sum + row * sumStride; // not read where there is no sum
            Put(to, from, sum0);
            if (W.Vectors > 1) Put(to + lanes, from + lanes, sum1);
            if (W.Vectors > 2) Put(to + 2 * lanes, from + 2 * lanes, sum2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Put(float* to, float* from, V value) => S.Store(sum is not null ? S.Add(value, S.Load(from)) : value, to);
    }

    /// <summary>Two places that a tile is added to: <c>c += A B</c> and <c>d += sign A B</c>.</summary>
    /// <param name="c">The first place, in which the product may be the first.</param>
    /// <param name="addC">Whether it is added to what is there.</param>
    /// <param name="d">The other place.</param>
    /// <param name="addD">Whether it is added to what is there; if not, the sign is 1.</param>
    /// <param name="sign">1 or -1.</param>
    /// <param name="stride">Floats from one row of either to the next.</param>
    public readonly struct TwoTargets(float* c, bool addC, float* d, bool addD, float sign, nint stride) : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Row<W>(nint row, V sum0, V sum1, V sum2)
            where W : struct, IWidth
        {
            Put(row * stride, sum0);
            if (W.Vectors > 1) Put(row * stride + S.Lanes, sum1);
            if (W.Vectors > 2) Put(row * stride + 2 * S.Lanes, sum2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Put(nint at, V value)
        {
            S.Store(addC ? S.Add(value, S.Load(c + at)) : value, c + at);
            S.Store(addD ? S.MultiplyAdd(value, S.Fill(sign), S.Load(d + at)) : value, d + at);
        }
    }

    public interface IWidth
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
