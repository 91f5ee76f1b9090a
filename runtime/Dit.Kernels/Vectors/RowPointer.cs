namespace Dit.Kernels;

/// <summary>Rows of D numbers, one behind the other.</summary>
/// <param name="start">The first number of the first row.</param>
/// <param name="width">D.</param>
internal readonly unsafe struct RowPointer(float* start, long width)
{
    /// <summary>D.</summary>
    public long Width => width;

    /// <summary>The first number of a row.</summary>
    public float* this[long row] => start + row * width;
}
