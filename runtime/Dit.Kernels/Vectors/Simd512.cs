using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dit.Kernels;

/// <summary>Sixteen floats at once: AVX-512. Its 32 registers hold a tile of 8 rows of 3 vectors.</summary>
internal readonly unsafe struct Simd512 : ISimd<Vector512<float>>
{
    public static int Lanes => Vector512<float>.Count;

    public static int TileRows => 8;

    public static Vector512<float> Load(float* from) => Vector512.Load(from);

    public static void Store(Vector512<float> value, float* to) => value.Store(to);

    public static Vector512<float> Fill(float value) => Vector512.Create(value);

    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;

    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.MultiplyAddEstimate(a, b, c);

    // The forms that order not-a-numbers cost a third of a GELU: kernels need no such order.
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Vector512.MaxNative(a, b);

    public static Vector512<float> Min(Vector512<float> a, Vector512<float> b) => Vector512.MinNative(a, b);

    public static Vector512<float> Round(Vector512<float> a) => Vector512.Round(a);

    // One instruction instead of four.
    public static Vector512<float> TimesPowerOfTwo(Vector512<float> a, Vector512<float> whole) =>
        Avx512F.IsSupported ? Avx512F.Scale(a, whole) : a * ((Vector512.ConvertToInt32Native(whole) + Vector512.Create(127)) << 23)
            .AsSingle();

    public static Vector512<float> Sqrt(Vector512<float> a) => Vector512.Sqrt(a);

    public static float Sum(Vector512<float> a) => Vector512.Sum(a);
}
