using System.Runtime.CompilerServices;

namespace Dit.Kernels;

/// <inheritdoc cref="CpuKernels"/>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal sealed unsafe class CpuKernels<V, S>(string name) : CpuKernels
    where V : struct
    where S : struct, ISimd<V>
{
    public override string Name { get; } = name;

    public override int Lanes => S.Lanes;

    public override int TileRows => S.TileRows;

    public override int PanelVectors => S.TileVectors;

    public override void Multiply(PackedWeights weights, Range depth, ReadOnlySpan<TokenPanel> panels, Panels input, Panels output,
        bool add) =>
        weights.Multiply<V, S>(depth, panels, input, output, add);

    public override void Complete(WeightLayout layout, ReadOnlySpan<TokenPanel> panels, Panels activations, int features) =>
        layout.Complete<V, S>(panels, activations, features);

    public override void MultiplyPanel(float* tiles, int rows, int tileDepth, int depth, float* panel, int width, float* output)
    {
        for (var row = 0; row < rows; row += S.TileRows)
            MatrixTile<V, S>.Multiply(width / S.Lanes, depth, tiles + (long)row * tileDepth, panel, output + (long)row * width, width,
                add: false);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Norm(float* x, float* to, int features, int width, float* scale, float one, float* shift, float eps)
    {
        var share = S.Fill(1f / features);
        for (var lane = 0; lane < width; lane += S.Lanes)
        {
            var mean = S.Multiply(Sum(x + lane, features, width), share);
            var variance = S.Multiply(SumOfSquares(x + lane, features, width, mean), share);
            var inverse = S.Divide(S.Fill(1), S.Sqrt(S.Add(variance, S.Fill(eps))));
            for (var f = 0; f < features; f++)
            {
                var normal = S.Multiply(S.Subtract(S.Load(x + (long)f * width + lane), mean), inverse);
                S.Store(S.MultiplyAdd(normal, S.Fill(scale[f] + one), S.Fill(shift is null ? 0 : shift[f])), to + (long)f * width + lane);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void RmsNorm(float* x, float* to, int features, int width, float* weight, float* scale, float* shift, float eps)
    {
        var share = S.Fill(1f / features);
        for (var lane = 0; lane < width; lane += S.Lanes)
        {
            var square = S.Multiply(SumOfSquares(x + lane, features, width, default), share);
            var inverse = S.Divide(S.Fill(1), S.Sqrt(S.Add(square, S.Fill(eps))));
            for (var f = 0; f < features; f++)
            {
                var factor = scale is null ? weight[f] : weight[f] * (1 + scale[f]);
                var normal = S.Multiply(S.Load(x + (long)f * width + lane), inverse);
                S.Store(S.MultiplyAdd(normal, S.Fill(factor), S.Fill(shift is null ? 0 : shift[f])), to + (long)f * width + lane);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Rotate(float* x, int features, int width, float* bias, float* cosines, float* sines, int stride, float factor)
    {
        var by = S.Fill(factor);
        for (var f = 0; f < features; f += 2)
        {
            var (first, second) = bias is null ? (S.Fill(0), S.Fill(0)) : (S.Fill(bias[f]), S.Fill(bias[f + 1]));
            float* even = x + (long)f * width, odd = even + width;
            long at = (long)f * stride, next = at + stride;
            for (var lane = 0; lane < width; lane += S.Lanes, even += S.Lanes, odd += S.Lanes)
            {
                V a = S.Multiply(S.Add(S.Load(even), first), by), b = S.Multiply(S.Add(S.Load(odd), second), by);
                S.Store(S.Subtract(S.Multiply(a, S.Load(cosines + at + lane)), S.Multiply(b, S.Load(sines + at + lane))), even);
                S.Store(S.MultiplyAdd(b, S.Load(cosines + next + lane), S.Multiply(a, S.Load(sines + next + lane))), odd);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SwiGlu(float* x, float* gate, int features, int width, float* bias, float* gateBias)
    {
        for (var f = 0; f < features; f++)
        {
            var (own, other) = (S.Fill(bias[f]), S.Fill(gateBias[f]));
            for (var lane = 0; lane < width; lane += S.Lanes, x += S.Lanes, gate += S.Lanes)
                S.Store(S.Multiply(VectorMath<V, S>.Silu(S.Add(S.Load(x), own)), S.Add(S.Load(gate), other)), x);
        }
    }

    // Four sums at once, in both: one alone would wait for each addition.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Sum(float* column, int rows, nint stride)
    {
        V a = default, b = default, c = default, d = default;
        var row = 0;
        for (; row + 4 <= rows; row += 4, column += 4 * stride)
        {
            a = S.Add(a, S.Load(column));
            b = S.Add(b, S.Load(column + stride));
            c = S.Add(c, S.Load(column + 2 * stride));
            d = S.Add(d, S.Load(column + 3 * stride));
        }
        for (; row < rows; row++, column += stride) a = S.Add(a, S.Load(column));
        return S.Add(S.Add(a, b), S.Add(c, d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V SumOfSquares(float* column, int rows, nint stride, V mean)
    {
        V a = default, b = default, c = default, d = default;
        var row = 0;
        for (; row + 4 <= rows; row += 4, column += 4 * stride)
        {
            a = AddSquare(column, mean, a);
            b = AddSquare(column + stride, mean, b);
            c = AddSquare(column + 2 * stride, mean, c);
            d = AddSquare(column + 3 * stride, mean, d);
        }
        for (; row < rows; row++, column += stride) a = AddSquare(column, mean, a);
        return S.Add(S.Add(a, b), S.Add(c, d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V AddSquare(float* at, V mean, V sum)
    {
        var difference = S.Subtract(S.Load(at), mean);
        return S.MultiplyAdd(difference, difference, sum);
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
    public override void ExactGelu(float* x, int features, int width, float* bias)
    {
        for (var f = 0; f < features; f++)
        {
            var b = S.Fill(bias[f]);
            for (var lane = 0; lane < width; lane += S.Lanes, x += S.Lanes)
                S.Store(VectorMath<V, S>.ExactGelu(S.Add(S.Load(x), b)), x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AddBias(float* x, float* y, int features, int width, float* bias)
    {
        for (var f = 0; f < features; f++)
        {
            var b = S.Fill(bias[f]);
            for (var lane = 0; lane < width; lane += S.Lanes, x += S.Lanes, y += S.Lanes) S.Store(S.Add(S.Load(y), b), x);
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
                    Unsafe.CopyBlockUnaligned(to + f * S.TileRows, source + (long)f * panel.Width + token,
                        (uint)S.TileRows * sizeof(float));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void PackValues(ReadOnlySpan<TokenPanel> panels, float* from, int rows, int firstRow, float* to, int features,
        int tokens)
    {
        var first = panels[0].First;
        foreach (var panel in panels)
        {
            var source = from + (long)rows * (panel.First - first) + (long)firstRow * panel.Width;
            for (var f = 0; f < features; f += S.TileRows)
                Transposition.Write(
                    source + (long)f * panel.Width, panel.Width, Math.Min(S.TileRows, features - f), panel.Width,
                    to + (long)f * tokens + (long)(panel.First - first) * S.TileRows, S.TileRows);
        }
    }
}
