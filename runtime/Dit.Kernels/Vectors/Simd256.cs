using System.Runtime.Intrinsics;

namespace Dit.Kernels;

/// <summary>Eight floats at once: AVX2 with FMA. Its 16 registers hold a tile of 4 rows of 3 vectors.</summary>
internal readonly unsafe struct Simd256 : ISimd<Vector256<float>>
{
    public static int Lanes => Vector256<float>.Count;

    public static int TileRows => 4;

    public static Vector256<float> Load(float* from) => Vector256.Load(from);

    public static void Store(Vector256<float> value, float* to) => value.Store(to);

    public static Vector256<float> Fill(float value) => Vector256.Create(value);

    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;

    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
        Vector256.MultiplyAddEstimate(a, b, c);

    // The forms that order not-a-numbers cost a third of a GELU: kernels need no such order.
    public static Vector256<float> Max(Vector256<float> a, Vector256<float> b) => Vector256.MaxNative(a, b);

    public static Vector256<float> Min(Vector256<float> a, Vector256<float> b) => Vector256.MinNative(a, b);

    public static Vector256<float> Round(Vector256<float> a) => Vector256.Round(a);

    public static Vector256<float> TimesPowerOfTwo(Vector256<float> a, Vector256<float> whole) =>
        a * ((Vector256.ConvertToInt32Native(whole) + Vector256.Create(127)) << 23).AsSingle();

    public static Vector256<float> Sqrt(Vector256<float> a) => Vector256.Sqrt(a);

    public static float Sum(Vector256<float> a) => Vector256.Sum(a);
}
