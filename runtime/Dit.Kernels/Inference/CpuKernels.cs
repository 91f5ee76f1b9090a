using System.Runtime.Intrinsics;

namespace Dit.Kernels;

/// <summary>The kernels of inference on the processor, for vectors of one width.</summary>
/// <remarks>
/// Activations lie as <see cref="TokenLayout"/> says: a panel is (features, width), its rows one behind the other.
/// </remarks>
internal abstract unsafe class CpuKernels
{
    /// <summary>
    /// Those of 512 bits, of 256 and of 128: all work everywhere, the wider ones in plain code where the hardware has
    /// none.
    /// </summary>
    public static IReadOnlyList<CpuKernels> All { get; } =
    [
        new CpuKernels<Vector512<float>, Simd512>(Vector512.IsHardwareAccelerated ? "AVX-512" : "512-bit vectors"),
        new CpuKernels<Vector256<float>, Simd256>(Vector256.IsHardwareAccelerated ? "AVX2" : "256-bit vectors"),
        new CpuKernels<Vector128<float>, Simd128>("128-bit vectors"),
    ];

    /// <summary>What is said of them, for instance <c>AVX-512</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Floats in a vector.</summary>
    public abstract int Lanes { get; }

    /// <summary>Rows of a tile.</summary>
    public abstract int TileRows { get; }

    /// <summary>Vectors in the widest panel.</summary>
    public abstract int PanelVectors { get; }

    /// <summary><c>output (+)= weights input</c> for some panels, see <see cref="PackedWeights.Multiply"/>.</summary>
    public abstract void Multiply(PackedWeights weights, Range depth, ReadOnlySpan<TokenPanel> panels, Panels input, Panels output,
        bool add);

    /// <summary>Computes what a layout keeps beside activations, see <see cref="WeightLayout.Complete"/>.</summary>
    public abstract void Complete(WeightLayout layout, ReadOnlySpan<TokenPanel> panels, Panels activations, int features);

    /// <summary>LayerNorm over the features, then <c>norm (scale + one) + shift</c>.</summary>
    /// <param name="x">(D, width).</param>
    /// <param name="to">(D, width).</param>
    /// <param name="features">D.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="scale">(D).</param>
    /// <param name="one">1 for a regressed scale, 0 for a weight.</param>
    /// <param name="shift">(D), or null for none.</param>
    /// <param name="eps">Added to the variance.</param>
    public abstract void Norm(float* x, float* to, int features, int width, float* scale, float one, float* shift, float eps);

    /// <summary>Root mean square norm over the features, then <c>norm weight (1 + scale) + shift</c>.</summary>
    /// <param name="x">(D, width).</param>
    /// <param name="to">(D, width).</param>
    /// <param name="features">D.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="weight">(D).</param>
    /// <param name="scale">(D), or null for none.</param>
    /// <param name="shift">(D), or null for none.</param>
    /// <param name="eps">Added to the mean square.</param>
    public abstract void RmsNorm(float* x, float* to, int features, int width, float* weight, float* scale, float* shift, float eps);

    /// <summary>
    /// Pairs of neighboring features of <c>x + bias</c>, (a, b), become (a cos - b sin, b cos + a sin) times a factor,
    /// in place.
    /// </summary>
    /// <param name="x">(F, width), F even.</param>
    /// <param name="features">F.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F), or null for none.</param>
    /// <param name="cosines">Of the panel's first token; a row for each feature.</param>
    /// <param name="sines">Of the panel's first token; a row for each feature.</param>
    /// <param name="stride">Tokens of a row.</param>
    /// <param name="factor">The factor.</param>
    public abstract void Rotate(
        float* x, int features, int width, float* bias, float* cosines, float* sines, int stride, float factor);

    /// <summary>SwiGLU's gate in place: <c>silu(x + bias) (gate + gateBias)</c>.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="gate">(F, width).</param>
    /// <param name="features">F.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    /// <param name="gateBias">(F).</param>
    public abstract void SwiGlu(float* x, float* gate, int features, int width, float* bias, float* gateBias);

    /// <summary><c>x += gate (y + bias)</c>.</summary>
    /// <param name="x">(D, width).</param>
    /// <param name="y">(D, width).</param>
    /// <param name="features">D.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(D).</param>
    /// <param name="gate">(D), or null for one.</param>
    public abstract void Residual(float* x, float* y, int features, int width, float* bias, float* gate);

    /// <summary>The tanh form of GELU of <c>x + bias</c>, in place.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="features">F.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    public abstract void Gelu(float* x, int features, int width, float* bias);

    /// <summary>GELU by the error function of <c>x + bias</c>, in place.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="features">F.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    public abstract void ExactGelu(float* x, int features, int width, float* bias);

    /// <summary><c>x = y + bias</c>.</summary>
    /// <param name="x">(D, width).</param>
    /// <param name="y">(D, width).</param>
    /// <param name="features">D.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(D).</param>
    public abstract void AddBias(float* x, float* y, int features, int width, float* bias);

    /// <summary><c>(x + bias) factor</c>, in place.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="features">F.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    /// <param name="factor">The factor.</param>
    public abstract void BiasScale(float* x, int features, int width, float* bias, float factor);

    /// <summary>Softmax over the keys but for the division: <c>exp(s - max)</c> in place.</summary>
    /// <param name="scores">(keys, width): scores of one query in each lane.</param>
    /// <param name="keys">Keys.</param>
    /// <param name="width">Queries.</param>
    /// <param name="inverseSums">(width): 1 / the sum of each lane.</param>
    public abstract void Softmax(float* scores, int keys, int width, float* inverseSums);

    /// <summary><c>to = from factors</c>, a factor for each lane.</summary>
    /// <param name="from">(F, width).</param>
    /// <param name="to">(F, width).</param>
    /// <param name="features">F.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="factors">(width).</param>
    public abstract void ScaleLanes(float* from, float* to, int features, int width, float* factors);

    /// <summary>Keys as the left factor of the scores: tiles of R tokens, (K, R) each.</summary>
    /// <param name="panels">The panels of the keys.</param>
    /// <param name="from">Keys, (K, width) a panel, <paramref name="rows"/> rows apart.</param>
    /// <param name="rows">Rows of a panel in memory.</param>
    /// <param name="firstRow">Row of the first feature in a panel.</param>
    /// <param name="to">The tiles.</param>
    /// <param name="features">K.</param>
    public abstract void PackKeys(ReadOnlySpan<TokenPanel> panels, float* from, int rows, int firstRow, float* to, int features);

    /// <summary>Values as the left factor of the output: tiles of R features, (tokens, R) each.</summary>
    /// <param name="panels">The panels of the values.</param>
    /// <param name="from">Values, (K, width) a panel, <paramref name="rows"/> rows apart.</param>
    /// <param name="rows">Rows of a panel in memory.</param>
    /// <param name="firstRow">Row of the first feature in a panel.</param>
    /// <param name="to">The tiles.</param>
    /// <param name="features">K.</param>
    /// <param name="tokens">All tokens, with padding.</param>
    public abstract void PackValues(ReadOnlySpan<TokenPanel> panels, float* from, int rows, int firstRow, float* to, int features,
        int tokens);

    /// <summary>The product of tiles with one panel: <c>output = tiles panel</c>.</summary>
    /// <param name="tiles">Tiles of R rows, (depth, R) each, <paramref name="tileDepth"/> apart.</param>
    /// <param name="rows">Rows, a multiple of R.</param>
    /// <param name="tileDepth">Columns of a tile in memory.</param>
    /// <param name="depth">Columns that count.</param>
    /// <param name="panel">(depth, width).</param>
    /// <param name="width">Its width.</param>
    /// <param name="output">(rows, width).</param>
    public abstract void MultiplyPanel(float* tiles, int rows, int tileDepth, int depth, float* panel, int width, float* output);
}
