using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Rotary positions of a grid of patches, for the self-attention of every block (RoFormer, arXiv 2104.09864;
/// LightningDiT, arXiv 2501.01423): half of a head is turned by a patch's row, half by its column.
/// </summary>
/// <remarks>
/// State: the buffers <c>freqs_cos</c> and <c>freqs_sin</c>, (T, K) each; no parameters. TorchSharp has no base class
/// for modules without arguments, so there is a method <c>call</c>, and no hook on it.
/// </remarks>
public sealed class RotaryPositions : nn.Module
{
    private const string CosinesName = nameof(freqs_cos), SinesName = nameof(freqs_sin);

    private readonly int rows, columns;
    private readonly Tensor freqs_cos, freqs_sin; // fields: Module.to sets them

    /// <summary>A module whose buffers are not set yet.</summary>
    /// <param name="rows">Y, rows of patches.</param>
    /// <param name="columns">X, columns of patches.</param>
    /// <param name="headWidth">K, a multiple of four.</param>
    /// <param name="device">Where the buffers live.</param>
    /// <param name="dtype">Their type.</param>
    public RotaryPositions(int rows, int columns, int headWidth, Device device, ScalarType dtype) : base(nameof(RotaryPositions))
    {
        (this.rows, this.columns) = (rows, columns);
        freqs_cos = Layer.Buffer([rows * columns, headWidth], device, dtype);
        freqs_sin = Layer.Buffer([rows * columns, headWidth], device, dtype);
        register_buffer(CosinesName, freqs_cos);
        register_buffer(SinesName, freqs_sin);
    }

    /// <summary>Cosines, then sines, as <see cref="Functional.Rotate"/> takes them.</summary>
    /// <returns>(T, 2 K).</returns>
    public Tensor call() => cat([freqs_cos, freqs_sin], dim: -1);

    /// <summary>Cosines and sines, (T, K) each: the buffers themselves.</summary>
    internal (Tensor Cosines, Tensor Sines) Tables => (freqs_cos, freqs_sin);

    /// <summary>
    /// The same for a grid of patches: for another one than the module's own, the angles are computed.
    /// </summary>
    /// <param name="grid">The grid.</param>
    /// <returns>(T, 2 K) of the grid's tokens.</returns>
    public Tensor call(PatchGrid grid)
    {
        var there = For(grid);
        if (ReferenceEquals(there, this)) return call();
        using (there) return there.call();
    }

    /// <summary>The module of a grid: this one, or a new one, the caller's to dispose.</summary>
    internal RotaryPositions For(PatchGrid grid)
    {
        if (grid == new PatchGrid(rows, columns)) return this;
        var there = new RotaryPositions(grid.Rows, grid.Columns, (int)freqs_cos.shape[^1], freqs_cos.device, freqs_cos.dtype);
        there.Initialize();
        return there;
    }

    /// <summary>Cosines and sines of the angles.</summary>
    public void Initialize()
    {
        Init.RotaryCosines(freqs_cos, rows, columns);
        Init.RotarySines(freqs_sin, rows, columns);
    }

    /// <summary>Whether this is the name of such a buffer in a state dict.</summary>
    internal static bool IsBuffer(string name) => name[(name.LastIndexOf('.') + 1)..] is CosinesName or SinesName;

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
