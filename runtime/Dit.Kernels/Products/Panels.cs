namespace Dit.Kernels;

/// <summary>Panels of activations in memory: (features, width) each, one behind the other.</summary>
/// <param name="start">The first feature of the first panel.</param>
/// <param name="rows">Rows of a panel in memory.</param>
/// <param name="side">
/// What the layout of the weights keeps beside them, or memory for it; null where it keeps nothing.
/// </param>
/// <param name="isComplete">
/// Whether it is there for all panels. If not, the memory is for one block of features of as many panels as are alike.
/// </param>
internal readonly unsafe struct Panels(float* start, int rows, float* side = null, bool isComplete = false)
{
    public int Rows => rows;

    public float* Side => side;

    public bool IsComplete => isComplete;

    /// <summary>A row of a panel.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="first">The first token of the first panel.</param>
    /// <param name="row">The row.</param>
    public float* At(TokenPanel panel, int first, int row) => start + (long)rows * (panel.First - first) + (long)row * panel.Width;
}
