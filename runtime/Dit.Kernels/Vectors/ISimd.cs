namespace Dit.Kernels;

/// <summary>
/// The vector instructions that kernels are written in, once for every width: the compiler makes one version of a
/// kernel for each.
/// </summary>
/// <typeparam name="V">A vector of floats.</typeparam>
internal unsafe interface ISimd<V>
    where V : struct
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>
    /// Rows of a tile of the matrix product: as many as the registers hold, see <see cref="MatrixTile{V, S}"/>.
    /// </summary>
    static abstract int TileRows { get; }

    /// <summary>Vectors in a row of a tile.</summary>
    static virtual int TileVectors => 3;

    static abstract V Load(float* from);

    static abstract void Store(V value, float* to);

    /// <summary>The same number in every lane.</summary>
    static abstract V Fill(float value);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary><c>a b + c</c>, rounded once where the hardware can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The larger of both; where one is not a number, the second.</summary>
    static abstract V Max(V a, V b);

    /// <summary>The smaller of both; where one is not a number, the second.</summary>
    static abstract V Min(V a, V b);

    /// <summary>The nearest whole number.</summary>
    static abstract V Round(V a);

    /// <summary><c>a 2^whole</c> for a whole number from -126 to 127; 128 may give infinity whatever a is.</summary>
    static abstract V TimesPowerOfTwo(V a, V whole);

    /// <summary>The square root.</summary>
    static abstract V Sqrt(V a);

    /// <summary>The sum of all lanes.</summary>
    static abstract float Sum(V a);
}
