using System.Runtime.Intrinsics;

namespace Dit.Kernels;

/// <summary>
/// Four floats at once, on every processor that .NET runs on: Arm, x64 without AVX2, and without vector instructions in
/// plain code.
/// </summary>
internal readonly unsafe struct Simd128 : ISimd<Vector128<float>>
{
    public static int Lanes => Vector128<float>.Count;

    public static int TileRows => 4;

    public static Vector128<float> Load(float* from) => Vector128.Load(from);

    public static void Store(Vector128<float> value, float* to) => value.Store(to);

    public static Vector128<float> Fill(float value) => Vector128.Create(value);

    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;

    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.MultiplyAddEstimate(a, b, c);

    // The forms that order not-a-numbers cost a third of a GELU: kernels need no such order.
    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Vector128.MaxNative(a, b);

    public static Vector128<float> Min(Vector128<float> a, Vector128<float> b) => Vector128.MinNative(a, b);

    public static Vector128<float> Round(Vector128<float> a) => Vector128.Round(a);

    public static Vector128<float> TimesPowerOfTwo(Vector128<float> a, Vector128<float> whole) =>
        a * ((Vector128.ConvertToInt32Native(whole) + Vector128.Create(127)) << 23).AsSingle();

    public static Vector128<float> Sqrt(Vector128<float> a) => Vector128.Sqrt(a);

    public static float Sum(Vector128<float> a) => Vector128.Sum(a);
}
