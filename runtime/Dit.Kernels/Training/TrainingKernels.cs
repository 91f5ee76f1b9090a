using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dit.Kernels;

/// <summary>
/// The kernels of training on the processor, for vectors of one width. Tensors lie as libtorch has them, rows of
/// features one behind the other.
/// </summary>
internal abstract unsafe class TrainingKernels
{
    /// <summary>Those of 512 bits, of 256 and of 128, in the order of <see cref="CpuKernels.All"/>.</summary>
    public static IReadOnlyList<TrainingKernels> All { get; } =
    [
        new TrainingKernels<Vector512<float>, Simd512>(),
        new TrainingKernels<Vector256<float>, Simd256>(),
        new TrainingKernels<Vector128<float>, Simd128>(),
    ];

    /// <summary>Whether the own matrix product is the faster one.</summary>
    /// <remarks>
    /// libtorch leaves products to MKL, which on processors of AMD gets no further than AVX2 and three quarters of what
    /// they can do. On Intel's MKL is at its best, and on ARM libtorch has another library again.
    /// </remarks>
    // "GenuineIntel"
    public static bool MultipliesFaster { get; } = X86Base.IsSupported
        && X86Base.CpuId(0, 0) is not (_, 0x756E6547, 0x6C65746E, 0x49656E69);

    /// <summary><c>c = a b + bias</c>, see <see cref="MatrixProduct{V, S}.Multiply"/>.</summary>
    public abstract void Multiply(StridedMatrix a, StridedMatrix b, float* c, float* bias, TaskLoop loop);

    /// <summary>Self-attention of one head, see <see cref="AttentionTask{V, S}.Forward"/>.</summary>
    public abstract void Attention(int tokens, int width, HeadPointers head, float* output, long outputStride);

    /// <summary>Its gradient, see <see cref="AttentionTask{V, S}.Backward"/>.</summary>
    public abstract void AttentionGradient(int tokens, int width, HeadPointers head, float* gradient, long gradientStride,
        HeadPointers result);

    /// <summary>The tanh form of GELU.</summary>
    public abstract void Gelu(float* x, float* y, long length);

    /// <summary>The gradient through it.</summary>
    /// <param name="x">What it was taken of.</param>
    /// <param name="gradient">The gradient of the result.</param>
    /// <param name="dx">The gradient of x.</param>
    /// <param name="length">Numbers.</param>
    public abstract void GeluGradient(float* x, float* gradient, float* dx, long length);

    /// <summary><c>norm(x) (1 + scale) + shift</c> of some rows under one condition.</summary>
    /// <param name="x">(rows, D).</param>
    /// <param name="shift">(D).</param>
    /// <param name="scale">(D).</param>
    /// <param name="y">(rows, D).</param>
    /// <param name="moments">Mean and 1 / standard deviation of each row, (rows, 2).</param>
    /// <param name="rows">Rows.</param>
    /// <param name="features">D.</param>
    /// <param name="eps">Added to the variance.</param>
    public abstract void Modulate(float* x, float* shift, float* scale, float* y, float* moments, int rows, int features, float eps);

    /// <summary>The gradients through it.</summary>
    /// <param name="x">(rows, D).</param>
    /// <param name="scale">(D).</param>
    /// <param name="moments">(rows, 2).</param>
    /// <param name="gradient">(rows, D).</param>
    /// <param name="dx">(rows, D).</param>
    /// <param name="dShift">(D): the sum over the rows.</param>
    /// <param name="dScale">(D): the sum over the rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="features">D.</param>
    public abstract void ModulateGradient(
        float* x, float* scale, float* moments, float* gradient, float* dx, float* dShift, float* dScale, int rows, int features);

    /// <summary><c>x + gate y</c> of some rows under one condition.</summary>
    public abstract void Residual(float* x, float* gate, float* y, float* result, int rows, int features);

    /// <summary>The gradients through it but for x, whose gradient is the result's.</summary>
    /// <param name="gate">(D).</param>
    /// <param name="y">(rows, D).</param>
    /// <param name="gradient">(rows, D).</param>
    /// <param name="dGate">(D): the sum over the rows.</param>
    /// <param name="dy">(rows, D).</param>
    /// <param name="rows">Rows.</param>
    /// <param name="features">D.</param>
    public abstract void ResidualGradient(float* gate, float* y, float* gradient, float* dGate, float* dy, int rows, int features);

    /// <summary>The sum of some rows, (D).</summary>
    public abstract void SumRows(float* x, float* sum, int rows, int features);

    /// <summary>
    /// One step of AdamW and of the moving average for some numbers of a parameter, see <see cref="AdamWStep"/>.
    /// </summary>
    public abstract void AdamW(in AdamWStep step, float* parameter, float* gradient, float* first, float* second, float* average,
        long length);

    /// <summary>The moving average's part of a step alone: <c>average += rate (parameter - average)</c>.</summary>
    public abstract void Follow(float rate, float* parameter, float* average, long length);
}
