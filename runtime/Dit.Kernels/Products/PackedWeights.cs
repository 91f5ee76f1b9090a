namespace Dit.Kernels;

/// <summary>
/// The matrix of a linear layer, (N, K), in the order in which a product reads it; <see cref="WeightLayout.Pack"/>
/// makes it.
/// </summary>
internal abstract class PackedWeights : IDisposable
{
    /// <summary>Features out, those that only fill the last tile counted.</summary>
    public abstract int Rows { get; }

    /// <summary>Features in, K.</summary>
    public abstract int Depth { get; }

    /// <summary>What they take.</summary>
    public abstract long Bytes { get; }

    /// <summary><c>output (+)= weights input</c> for some panels.</summary>
    /// <param name="depth">Which of the K features: those that <paramref name="input"/> holds.</param>
    /// <param name="panels">The panels.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output; N rows at least.</param>
    /// <param name="add">Whether the product is added to what is there.</param>
    /// <typeparam name="V">A vector of floats.</typeparam>
    /// <typeparam name="S">Its instructions.</typeparam>
    public abstract void Multiply<V, S>(Range depth, ReadOnlySpan<TokenPanel> panels, Panels input, Panels output, bool add)
        where V : struct
        where S : struct, ISimd<V>;

    /// <summary>The next multiple of the tile's rows.</summary>
    public static int Padded(int rows, int tileRows) => (rows + tileRows - 1) / tileRows * tileRows;

    /// <inheritdoc/>
    public abstract void Dispose();
}
