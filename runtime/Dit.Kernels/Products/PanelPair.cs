namespace Dit.Kernels;

/// <summary>Two panels that are multiplied together.</summary>
/// <param name="one">The first panel, (features, width).</param>
/// <param name="two">The second.</param>
/// <param name="sums">
/// What is computed of both, such as sums of their halves; null where there are none.
/// </param>
internal readonly unsafe struct PanelPair(float* one, float* two, float* sums)
{
    public float* One => one;

    public float* Two => two;

    public float* Sums => sums;
}
