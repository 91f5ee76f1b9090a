using System.Runtime.CompilerServices;

namespace Dit.Kernels;

/// <inheritdoc cref="TrainingKernels"/>
/// <remarks>What does not fill a vector is done number by number, in the same order of operations.</remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal sealed unsafe class TrainingKernels<V, S> : TrainingKernels
    where V : struct
    where S : struct, ISimd<V>
{
    public override void Multiply(StridedMatrix a, StridedMatrix b, float* c, float* bias, TaskLoop loop) =>
        MatrixProduct<V, S>.Multiply(a, b, c, bias, loop);

    public override void Attention(int tokens, int width, HeadPointers head, float* output, long outputStride) =>
        new AttentionTask<V, S>(tokens, width).Forward(head, output, outputStride);

    public override void AttentionGradient(int tokens, int width, HeadPointers head, float* gradient, long gradientStride,
        HeadPointers result) =>
        new AttentionTask<V, S>(tokens, width).Backward(head, gradient, gradientStride, result);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Gelu(float* x, float* y, long length)
    {
        long i = 0;
        for (; i + S.Lanes <= length; i += S.Lanes) S.Store(VectorMath<V, S>.Gelu(S.Load(x + i)), y + i);
        if (i == length) return;
        float* rest = stackalloc float[S.Lanes];
        var count = (int)(length - i);
        new ReadOnlySpan<float>(x + i, count).CopyTo(new Span<float>(rest, count));
        S.Store(VectorMath<V, S>.Gelu(S.Load(rest)), rest);
        new ReadOnlySpan<float>(rest, count).CopyTo(new Span<float>(y + i, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void GeluGradient(float* x, float* gradient, float* dx, long length)
    {
        long i = 0;
        for (; i + S.Lanes <= length; i += S.Lanes) S.Store(S.Multiply(S.Load(gradient + i), GeluSlope(S.Load(x + i))), dx + i);
        if (i == length) return;
        float* rest = stackalloc float[S.Lanes];
        var count = (int)(length - i);
        new ReadOnlySpan<float>(x + i, count).CopyTo(new Span<float>(rest, count));
        S.Store(GeluSlope(S.Load(rest)), rest);
        for (var j = 0; j < count; j++) dx[i + j] = gradient[i + j] * rest[j];
    }

    // With s = 1 / (1 + e^-2z), gelu(x) = x s and its slope s + x s (1 - s) 2 z'.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V GeluSlope(V x)
    {
        const float root = 1.59576912161f; // 2 sqrt(2 / pi)
        var square = S.Multiply(x, x);
        var z = S.Multiply(x, S.MultiplyAdd(square, S.Fill(-0.044715f * root), S.Fill(-root)));
        var e = VectorMath<V, S>.Exp(z);
        var s = S.Divide(S.Fill(1), S.Add(S.Fill(1), e));
        var slope = S.MultiplyAdd(square, S.Fill(3 * 0.044715f * root), S.Fill(root)); // 2 z'
        var other = S.Subtract(S.Fill(1), s);
        return S.MultiplyAdd(S.Multiply(S.Multiply(x, s), other), slope, s);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Modulate(float* x, float* shift, float* scale, float* y, float* moments, int rows, int features, float eps)
    {
        for (; rows > 0; rows--, x += features, y += features, moments += 2)
        {
            var (mean, inverse) = Moments(x, features, eps);
            (moments[0], moments[1]) = (mean, inverse);
            var (m, r, f) = (S.Fill(mean), S.Fill(inverse), 0);
            for (; f + S.Lanes <= features; f += S.Lanes)
            {
                var normal = S.Multiply(S.Subtract(S.Load(x + f), m), r);
                S.Store(S.MultiplyAdd(normal, S.Add(S.Load(scale + f), S.Fill(1)), S.Load(shift + f)), y + f);
            }
            for (; f < features; f++) y[f] = (x[f] - mean) * inverse * (scale[f] + 1) + shift[f];
        }
    }

    private static (float Mean, float Inverse) Moments(float* x, int features, float eps)
    {
        V sum = default, square = default;
        var f = 0;
        for (; f + S.Lanes <= features; f += S.Lanes) sum = S.Add(sum, S.Load(x + f));
        var total = S.Sum(sum);
        for (; f < features; f++) total += x[f];
        var mean = total / features;
        for (f = 0; f + S.Lanes <= features; f += S.Lanes)
        {
            var difference = S.Subtract(S.Load(x + f), S.Fill(mean));
            square = S.MultiplyAdd(difference, difference, square);
        }
        var variance = S.Sum(square);
        for (; f < features; f++) variance += (x[f] - mean) * (x[f] - mean);
        return (mean, 1 / MathF.Sqrt(variance / features + eps));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ModulateGradient(
        float* x, float* scale, float* moments, float* gradient, float* dx, float* dShift, float* dScale, int rows, int features)
    {
        new Span<float>(dShift, features).Clear();
        new Span<float>(dScale, features).Clear();
        for (; rows > 0; rows--, x += features, gradient += features, dx += features, moments += 2)
        {
            var (mean, inverse, f) = (moments[0], moments[1], 0);
            var (m, r) = (S.Fill(mean), S.Fill(inverse));
            V sum = default, product = default; // of the normed row's gradient, and of it times the normed row
            for (; f + S.Lanes <= features; f += S.Lanes)
            {
                var (g, normal) = (S.Load(gradient + f), S.Multiply(S.Subtract(S.Load(x + f), m), r));
                S.Store(S.Add(S.Load(dShift + f), g), dShift + f);
                S.Store(S.MultiplyAdd(g, normal, S.Load(dScale + f)), dScale + f);
                var inner = S.Multiply(g, S.Add(S.Load(scale + f), S.Fill(1)));
                sum = S.Add(sum, inner);
                product = S.MultiplyAdd(inner, normal, product);
            }
            var (total, along) = (S.Sum(sum), S.Sum(product));
            for (; f < features; f++)
            {
                var (g, normal) = (gradient[f], (x[f] - mean) * inverse);
                dShift[f] += g;
                dScale[f] += g * normal;
                total += g * (scale[f] + 1);
                along += g * (scale[f] + 1) * normal;
            }
            NormGradient(x, scale, gradient, dx, features, mean, inverse, total / features, along / features);
        }
    }

    // dx = (g (1 + scale) - mean of that - normed x times the mean of its product with normed x) / deviation
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NormGradient(float* x, float* scale, float* gradient, float* dx, int features, float mean, float inverse,
        float common, float along)
    {
        var (m, r, c, a, f) = (S.Fill(mean), S.Fill(inverse), S.Fill(common), S.Fill(along), 0);
        for (; f + S.Lanes <= features; f += S.Lanes)
        {
            var normal = S.Multiply(S.Subtract(S.Load(x + f), m), r);
            var inner = S.Multiply(S.Load(gradient + f), S.Add(S.Load(scale + f), S.Fill(1)));
            S.Store(S.Multiply(S.Subtract(S.Subtract(inner, c), S.Multiply(normal, a)), r), dx + f);
        }
        for (; f < features; f++) dx[f] = (gradient[f] * (scale[f] + 1) - common - (x[f] - mean) * inverse * along) * inverse;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Residual(float* x, float* gate, float* y, float* result, int rows, int features)
    {
        for (; rows > 0; rows--, x += features, y += features, result += features)
        {
            var f = 0;
            for (; f + S.Lanes <= features; f += S.Lanes)
                S.Store(S.MultiplyAdd(S.Load(gate + f), S.Load(y + f), S.Load(x + f)), result + f);
            for (; f < features; f++) result[f] = gate[f] * y[f] + x[f];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ResidualGradient(float* gate, float* y, float* gradient, float* dGate, float* dy, int rows, int features)
    {
        new Span<float>(dGate, features).Clear();
        for (; rows > 0; rows--, y += features, gradient += features, dy += features)
        {
            var f = 0;
            for (; f + S.Lanes <= features; f += S.Lanes)
            {
                var g = S.Load(gradient + f);
                S.Store(S.MultiplyAdd(g, S.Load(y + f), S.Load(dGate + f)), dGate + f);
                S.Store(S.Multiply(g, S.Load(gate + f)), dy + f);
            }
            for (; f < features; f++)
            {
                dGate[f] += gradient[f] * y[f];
                dy[f] = gradient[f] * gate[f];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SumRows(float* x, float* sum, int rows, int features)
    {
        new Span<float>(sum, features).Clear();
        for (; rows > 0; rows--, x += features)
        {
            var f = 0;
            for (; f + S.Lanes <= features; f += S.Lanes) S.Store(S.Add(S.Load(sum + f), S.Load(x + f)), sum + f);
            for (; f < features; f++) sum[f] += x[f];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AdamW(in AdamWStep step, float* parameter, float* gradient, float* first, float* second, float* average,
        long length)
    {
        var (keep, beta1, beta2, rest1, rest2) =
            (S.Fill(step.Keep), S.Fill(step.Beta1), S.Fill(step.Beta2), S.Fill(step.Rest1), S.Fill(step.Rest2));
        var (size, correction, eps, rate) = (S.Fill(step.Size), S.Fill(step.Correction), S.Fill(step.Eps), step.Rate);
        long i = 0;
        for (; i + S.Lanes <= length; i += S.Lanes)
        {
            var g = S.Load(gradient + i);
            var m = S.Add(S.Multiply(S.Load(first + i), beta1), S.Multiply(g, rest1));
            var v = S.Add(S.Multiply(S.Load(second + i), beta2), S.Multiply(S.Multiply(g, g), rest2));
            var p = S.Subtract(S.Multiply(S.Load(parameter + i), keep),
                S.Divide(S.Multiply(m, size), S.Add(S.Divide(S.Sqrt(v), correction), eps)));
            S.Store(m, first + i);
            S.Store(v, second + i);
            S.Store(p, parameter + i);
            S.Store(Follow(rate, p, S.Load(average + i)), average + i);
        }
        for (; i < length; i++)
        {
            var g = gradient[i];
            first[i] = first[i] * step.Beta1 + g * step.Rest1;
            second[i] = second[i] * step.Beta2 + g * g * step.Rest2;
            parameter[i] = parameter[i] * step.Keep - first[i] * step.Size / (MathF.Sqrt(second[i]) / step.Correction + step.Eps);
            average[i] = Follow(rate, parameter[i], average[i]);
        }
    }

    public override void Follow(float rate, float* parameter, float* average, long length)
    {
        long i = 0;
        for (; i + S.Lanes <= length; i += S.Lanes) S.Store(Follow(rate, S.Load(parameter + i), S.Load(average + i)), average + i);
        for (; i < length; i++) average[i] = Follow(rate, parameter[i], average[i]);
    }

    // As in PyTorch counted from the nearer end, so that a rate of 1 gives the weight itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Follow(float rate, V parameter, V average)
    {
        var difference = S.Subtract(parameter, average);
        return rate < 0.5f
            ? S.Add(average, S.Multiply(difference, S.Fill(rate)))
            : S.Subtract(parameter, S.Multiply(difference, S.Fill(1 - rate)));
    }

    private static float Follow(float rate, float parameter, float average) =>
        rate < 0.5f ? average + (parameter - average) * rate : parameter - (parameter - average) * (1 - rate);
}
