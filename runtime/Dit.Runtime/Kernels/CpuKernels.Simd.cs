using System.Runtime.CompilerServices;

namespace Dit.Runtime.Kernels;

/// <inheritdoc cref="CpuKernels"/>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal sealed unsafe class CpuKernels<V, S>(string name) : CpuKernels
    where V : struct
    where S : struct, ISimd<V>
{
    // Features that are multiplied before the next ones: so many rows of a panel, and of a tile, stay in the cache.
    private const int DepthBlock = 384;

    public override string Name { get; } = name;

    public override int Lanes => S.Lanes;

    public override int TileRows => S.TileRows;

    public override int PanelVectors => S.TileVectors;

    public override void Multiply(PackedWeights weights, Range depth, ReadOnlySpan<TokenPanel> panels, float* input, int inputRows, float* output, int outputRows, bool add)
    {
        var (start, end, first) = (depth.Start.Value, depth.End.Value, panels[0].First);
        for (var k = start; k < end; k += DepthBlock)
        {
            var block = Math.Min(DepthBlock, end - k);
            for (var tile = 0; tile < weights.Tiles; tile++)
                foreach (var panel in panels)
                {
                    var from = input + (long)inputRows * (panel.First - first) + (long)(k - start) * panel.Width;
                    var to = output + (long)outputRows * (panel.First - first) + (long)tile * S.TileRows * panel.Width;
                    MatrixTile<V, S>.Multiply(panel.Width / S.Lanes, block, weights.Tile(tile, k), from, to, panel.Width, add || k > start);
                }
        }
    }

    public override void MultiplyPanel(float* tiles, int rows, int tileDepth, int depth, float* panel, int width, float* output)
    {
        for (var row = 0; row < rows; row += S.TileRows)
            MatrixTile<V, S>.Multiply(width / S.Lanes, depth, tiles + (long)row * tileDepth, panel, output + (long)row * width, width, add: false);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Norm(float* x, float* to, int features, int width, float* scale, float one, float* shift, float eps)
    {
        var share = S.Fill(1f / features);
        for (var lane = 0; lane < width; lane += S.Lanes)
        {
            V sum = default, square = default;
            for (var f = 0; f < features; f++) sum = S.Add(sum, S.Load(x + (long)f * width + lane));
            var mean = S.Multiply(sum, share);
            for (var f = 0; f < features; f++)
            {
                var difference = S.Subtract(S.Load(x + (long)f * width + lane), mean);
                square = S.MultiplyAdd(difference, difference, square);
            }
            var inverse = S.Divide(S.Fill(1), S.Sqrt(S.Add(S.Multiply(square, share), S.Fill(eps))));
            for (var f = 0; f < features; f++)
            {
                var normal = S.Multiply(S.Subtract(S.Load(x + (long)f * width + lane), mean), inverse);
                S.Store(S.MultiplyAdd(normal, S.Fill(scale[f] + one), S.Fill(shift[f])), to + (long)f * width + lane);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Residual(float* x, float* y, int features, int width, float* bias, float* gate)
    {
        for (var f = 0; f < features; f++)
        {
            var (b, g) = (S.Fill(bias[f]), S.Fill(gate is null ? 1 : gate[f]));
            for (var lane = 0; lane < width; lane += S.Lanes, x += S.Lanes, y += S.Lanes)
                S.Store(S.MultiplyAdd(g, S.Add(S.Load(y), b), S.Load(x)), x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Gelu(float* x, int features, int width, float* bias)
    {
        for (var f = 0; f < features; f++)
        {
            var b = S.Fill(bias[f]);
            for (var lane = 0; lane < width; lane += S.Lanes, x += S.Lanes)
                S.Store(VectorMath<V, S>.Gelu(S.Add(S.Load(x), b)), x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void BiasScale(float* x, int features, int width, float* bias, float factor)
    {
        var by = S.Fill(factor);
        for (var f = 0; f < features; f++)
        {
            var b = S.Fill(bias[f]);
            for (var lane = 0; lane < width; lane += S.Lanes, x += S.Lanes)
                S.Store(S.Multiply(S.Add(S.Load(x), b), by), x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Softmax(float* scores, int keys, int width, float* inverseSums)
    {
        for (var lane = 0; lane < width; lane += S.Lanes)
        {
            var column = scores + lane;
            V most = S.Load(column), other = most, sum = default, rest = default;
            var key = 0;
            for (; key + 1 < keys; key += 2)
            {
                most = S.Max(most, S.Load(column + (long)key * width));
                other = S.Max(other, S.Load(column + (long)(key + 1) * width));
            }
            if (key < keys) most = S.Max(most, S.Load(column + (long)key * width));
            most = S.Max(most, other);
            for (key = 0; key + 1 < keys; key += 2)
            {
                float* at = column + (long)key * width, next = at + width;
                V one = VectorMath<V, S>.Exp(S.Subtract(S.Load(at), most)), two = VectorMath<V, S>.Exp(S.Subtract(S.Load(next), most));
                S.Store(one, at);
                S.Store(two, next);
                sum = S.Add(sum, one);
                rest = S.Add(rest, two);
            }
            if (key < keys)
            {
                var last = VectorMath<V, S>.Exp(S.Subtract(S.Load(column + (long)key * width), most));
                S.Store(last, column + (long)key * width);
                sum = S.Add(sum, last);
            }
            S.Store(S.Divide(S.Fill(1), S.Add(sum, rest)), inverseSums + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ScaleLanes(float* from, float* to, int features, int width, float* factors)
    {
        for (var f = 0; f < features; f++)
            for (var lane = 0; lane < width; lane += S.Lanes, from += S.Lanes, to += S.Lanes)
                S.Store(S.Multiply(S.Load(from), S.Load(factors + lane)), to);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void PackKeys(ReadOnlySpan<TokenPanel> panels, float* from, int rows, int firstRow, float* to, int features)
    {
        var first = panels[0].First;
        foreach (var panel in panels)
        {
            var source = from + (long)rows * (panel.First - first) + (long)firstRow * panel.Width;
            for (var token = 0; token < panel.Width; token += S.TileRows, to += features * S.TileRows)
                for (var f = 0; f < features; f++)
                    for (var row = 0; row < S.TileRows; row++)
                        to[f * S.TileRows + row] = source[(long)f * panel.Width + token + row];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void PackValues(ReadOnlySpan<TokenPanel> panels, float* from, int rows, int firstRow, float* to, int features, int tokens)
    {
        var first = panels[0].First;
        foreach (var panel in panels)
        {
            var source = from + (long)rows * (panel.First - first) + (long)firstRow * panel.Width;
            for (var f = 0; f < features; f++)
            {
                var tile = to + (long)(f / S.TileRows) * S.TileRows * tokens + (long)(panel.First - first) * S.TileRows + f % S.TileRows;
                for (var token = 0; token < panel.Width; token++) tile[(long)token * S.TileRows] = source[(long)f * panel.Width + token];
            }
        }
    }
}
