using System.Runtime.CompilerServices;

namespace Dit.Kernels;

/// <summary>
/// Self-attention of one head and its gradient, a panel of queries at a time: their scores, (keys, queries), are all
/// that is in memory.
/// </summary>
/// <remarks>
/// Queries lie in the lanes, so the softmax runs down the vectors, and scores are the right factor of the next product
/// as they stand. The gradient computes the scores anew: keeping them would take T x T numbers for each head.
/// </remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
/// <param name="tokens">T.</param>
/// <param name="width">K.</param>
internal sealed unsafe class AttentionTask<V, S>(int tokens, int width)
    where V : struct
    where S : struct, ISimd<V>
{
    [ThreadStatic] private static NativeBuffer? kept;

    private static readonly CpuKernels<V, S> Kernels = new("");

    private readonly float scale = 1 / MathF.Sqrt(width);
    private readonly int paddedTokens = Padded(tokens);
    private readonly int paddedWidth = Padded(width);
    private readonly int across = (width + PanelWidth - 1) / PanelWidth * PanelWidth; // K, filled up to whole panels

    private static int PanelWidth => S.TileVectors * S.Lanes;

    /// <summary>Attention.</summary>
    /// <param name="head">Queries, keys and values.</param>
    /// <param name="output">(T, K), rows <paramref name="outputStride"/> apart.</param>
    /// <param name="outputStride">Numbers from one token to the next.</param>
    public void Forward(HeadPointers head, float* output, long outputStride)
    {
        var next = Memory();
        float* keys = Take(ref next, (long)paddedTokens * width), values = Take(ref next, (long)paddedWidth * tokens);
        float* query = Take(ref next, (long)width * PanelWidth), scores = Take(ref next, (long)paddedTokens * PanelWidth);
        float* mixed = Take(ref next, (long)paddedWidth * PanelWidth), sums = Take(ref next, PanelWidth);
        PackTiles(Rows(head.Key, head.Stride), keys);
        PackTiles(Rows(head.Value, head.Stride).Transposed, values);
        for (var first = 0; first < tokens; first += PanelWidth)
        {
            var lanes = PackQueries(head, first, query);
            Kernels.MultiplyPanel(keys, paddedTokens, width, width, query, lanes, scores);
            Kernels.Softmax(scores, tokens, lanes, sums);
            Kernels.MultiplyPanel(values, paddedWidth, tokens, tokens, scores, lanes, mixed);
            Kernels.ScaleLanes(mixed, mixed, width, lanes, sums);
            Unpack(mixed, lanes, first, output, outputStride);
        }
    }

    /// <summary>The gradients of queries, keys and values.</summary>
    /// <param name="head">Queries, keys and values.</param>
    /// <param name="gradient">That of the output, (T, K), rows <paramref name="gradientStride"/> apart.</param>
    /// <param name="gradientStride">Numbers from one token to the next.</param>
    /// <param name="result">Where the gradients go, in rows like those of <paramref name="head"/>.</param>
    public void Backward(HeadPointers head, float* gradient, long gradientStride, HeadPointers result)
    {
        var next = Memory();
        float* keys = Take(ref next, (long)paddedTokens * width), values = Take(ref next, (long)paddedTokens * width);
        float* keysAcross = Take(ref next, (long)paddedWidth * tokens), query = Take(ref next, (long)width * PanelWidth);
        float* given = Take(ref next, (long)width * PanelWidth), sums = Take(ref next, PanelWidth);
        float* scores = Take(ref next, (long)paddedTokens * PanelWidth), slopes = Take(ref next, (long)paddedTokens * PanelWidth);
        float* mixed = Take(ref next, (long)paddedWidth * PanelWidth);
        float* dKey = Take(ref next, (long)paddedTokens * across), dValue = Take(ref next, (long)paddedTokens * across);
        float* tile = Take(ref next, (long)S.TileRows * PanelWidth), rows = Take(ref next, (long)PanelWidth * across);
        PackTiles(Rows(head.Key, head.Stride), keys);
        PackTiles(Rows(head.Value, head.Stride), values);
        PackTiles(Rows(head.Key, head.Stride).Transposed, keysAcross);
        var incoming = Rows(gradient, gradientStride);
        for (var first = 0; first < tokens; first += PanelWidth)
        {
            var lanes = PackQueries(head, first, query);
            MatrixProduct<V, S>.Pack(incoming.RowsFrom(first, PanelWidth), 0, PanelWidth, given);
            Kernels.MultiplyPanel(keys, paddedTokens, width, width, query, lanes, scores);
            Kernels.Softmax(scores, tokens, lanes, sums);
            Kernels.MultiplyPanel(values, paddedTokens, width, width, given, lanes, slopes);
            Slopes(scores, slopes, lanes, sums);
            Kernels.MultiplyPanel(keysAcross, paddedWidth, tokens, tokens, slopes, lanes, mixed);
            Unpack(mixed, lanes, first, result.Query, result.Stride);
            AddProduct(scores, lanes, first, incoming.RowsFrom(first, PanelWidth), tile, rows, dValue);
            AddProduct(slopes, lanes, first, Rows(head.Query, head.Stride).RowsFrom(first, PanelWidth), tile, rows, dKey);
        }
        Spread(dKey, result.Key, result.Stride);
        Spread(dValue, result.Value, result.Stride);
    }

    private static int Padded(int rows) => PackedWeights.Padded(rows, S.TileRows);

    private static float* Take(ref float* next, long length)
    {
        var start = next;
        next += (length + 15) / 16 * 16; // whole lines of the cache
        return start;
    }

    // One piece of memory for each thread, large enough for either direction.
    private float* Memory()
    {
        long t = paddedTokens, k = paddedWidth;
        var (inputs, panels, sums) = (3 * t * k, (3 * k + 2 * t) * PanelWidth, 2 * t * across);
        var length = inputs + panels + sums + (S.TileRows + across + 1) * PanelWidth + 16 * 16;
        if (kept is null || kept.Length < length)
        {
            kept?.Dispose();
            kept = new(length);
        }
        return kept.Start;
    }

    private StridedMatrix Rows(float* start, long stride) => new(start, tokens, width, stride, 1);

    private static void PackTiles(StridedMatrix matrix, float* to)
    {
        for (var strip = 0; strip * S.TileRows < matrix.Rows; strip++) MatrixProduct<V, S>.Pack(matrix, strip, S.TileRows, to);
    }

    // (K, lanes), times 1 / sqrt(K); the last lanes of a panel that is not full are zero.
    private int PackQueries(HeadPointers head, int first, float* to)
    {
        var part = Rows(head.Query, head.Stride).RowsFrom(first, PanelWidth);
        MatrixProduct<V, S>.Pack(part, 0, PanelWidth, to);
        var lanes = Math.Min(PanelWidth, (part.Rows + S.Lanes - 1) / S.Lanes * S.Lanes);
        var by = S.Fill(scale);
        for (var i = 0; i < width * lanes; i += S.Lanes) S.Store(S.Multiply(S.Load(to + i), by), to + i);
        return lanes;
    }

    // Scores become weights; slopes, the gradient of the weights, become that of the products of queries and keys: w (g
    // - sum of w g over the keys) / sqrt(K).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Slopes(float* scores, float* slopes, int lanes, float* sums)
    {
        for (var lane = 0; lane < lanes; lane += S.Lanes)
        {
            V inverse = S.Load(sums + lane), sum = default, by = S.Fill(scale);
            for (var key = 0; key < tokens; key++)
            {
                var at = (long)key * lanes + lane;
                var weight = S.Multiply(S.Load(scores + at), inverse);
                S.Store(weight, scores + at);
                sum = S.MultiplyAdd(weight, S.Load(slopes + at), sum);
            }
            for (var key = 0; key < tokens; key++)
            {
                var at = (long)key * lanes + lane;
                S.Store(S.Multiply(S.Multiply(S.Load(scores + at), by), S.Subtract(S.Load(slopes + at), sum)), slopes + at);
            }
        }
    }

    // sum (keys, K) += factors (keys, queries) x queries (queries, K): over the queries of a panel.
    private void AddProduct(float* factors, int lanes, int first, StridedMatrix queries, float* tile, float* rows, float* sum)
    {
        var matrix = new StridedMatrix(factors, tokens, queries.Rows, lanes, 1);
        var panels = across / PanelWidth;
        for (var panel = 0; panel < panels; panel++) MatrixProduct<V, S>.Pack(queries.Transposed, panel, PanelWidth, rows);
        for (var strip = 0; strip * S.TileRows < tokens; strip++)
        {
            MatrixProduct<V, S>.Pack(matrix.RowsFrom(strip * S.TileRows, S.TileRows), 0, S.TileRows, tile);
            for (var panel = 0; panel < panels; panel++)
            {
                var panelWidth = Math.Min(PanelWidth, (width - panel * PanelWidth + S.Lanes - 1) / S.Lanes * S.Lanes);
                var to = sum + (long)strip * S.TileRows * across + panel * PanelWidth;
                MatrixTile<V, S>.Multiply(panelWidth / S.Lanes, queries.Rows, tile, rows + (long)panel * PanelWidth * queries.Rows, to,
                    across, add: first > 0);
            }
        }
    }

    // (K, lanes) to rows of tokens.
    private void Unpack(float* from, int lanes, int first, float* to, long stride) =>
        Transposition.Write(from, lanes, width, Math.Min(lanes, tokens - first), to + first * stride, stride);

    private void Spread(float* from, float* to, long stride)
    {
        for (var token = 0; token < tokens; token++, from += across, to += stride)
            new ReadOnlySpan<float>(from, width).CopyTo(new Span<float>(to, width));
    }
}
