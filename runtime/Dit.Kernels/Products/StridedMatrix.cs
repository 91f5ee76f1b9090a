namespace Dit.Kernels;

/// <summary>A matrix where it lies: the numbers of a row and those of a column are any distance apart.</summary>
internal readonly unsafe struct StridedMatrix(float* start, int rows, int columns, long rowStride, long columnStride)
{
    public float* Start => start;

    public int Rows => rows;

    public int Columns => columns;

    public long RowStride => rowStride;

    public long ColumnStride => columnStride;

    /// <summary>Its transpose, in the same place.</summary>
    public StridedMatrix Transposed => new(start, columns, rows, columnStride, rowStride);

    /// <summary>Some of its rows.</summary>
    /// <param name="first">The first.</param>
    /// <param name="most">How many, where there are so many.</param>
    public StridedMatrix RowsFrom(int first, int most) =>
        new(start + first * rowStride, Math.Min(most, rows - first), columns, rowStride, columnStride);

    /// <summary>Rows one behind the other.</summary>
    public static StridedMatrix Dense(float* start, int rows, int columns) => new(start, rows, columns, columns, 1);
}
