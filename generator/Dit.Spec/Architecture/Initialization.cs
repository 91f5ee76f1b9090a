namespace Dit.Spec;

/// <summary>What a parameter starts from (DiT paper, section 4, and the official code's rules).</summary>
public abstract record Initialization
{
    private Initialization() { }

    /// <summary>Zeros.</summary>
    public sealed record Zero : Initialization;

    /// <summary>Ones.</summary>
    public sealed record One : Initialization;

    /// <summary>Xavier uniform over the tensor seen as a matrix of its first side by the rest.</summary>
    public sealed record XavierUniform : Initialization;

    /// <summary>Normal with mean 0.</summary>
    /// <param name="Std">Standard deviation.</param>
    public sealed record Normal(double Std) : Initialization;

    /// <summary>The fixed 2-D sin-cos position table; not trained.</summary>
    /// <param name="Rows">Rows of the grid.</param>
    /// <param name="Columns">Columns of the grid.</param>
    public sealed record SinCosTable(int Rows, int Columns) : Initialization
    {
        /// <summary>How places are measured.</summary>
        public PositionSpec Positions { get; init; } = PositionSpec.Default;
    }

    /// <summary>
    /// Fixed cosines or sines of the angles of rotary positions, (T, K); a buffer of the state dict, and no parameter.
    /// </summary>
    /// <remarks>
    /// Patch (y, x) turns pair i of the first half of a head by y f(i), that of the second half by x f(i), with f(i) =
    /// 10000^(-4 i / K); the two channels of a pair have the same angle.
    /// </remarks>
    /// <param name="Rows">Rows of the grid.</param>
    /// <param name="Columns">Columns of the grid.</param>
    /// <param name="IsSine">Whether it holds the sines.</param>
    public sealed record RotaryTable(int Rows, int Columns, bool IsSine) : Initialization;

    /// <summary>Whether training leaves the tensor as it is.</summary>
    public bool IsFixed => this is SinCosTable or RotaryTable;
}
