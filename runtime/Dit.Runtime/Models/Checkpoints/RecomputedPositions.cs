using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A model's position table, computed instead of read (see <see cref="CheckpointGrid.Recompute"/>).</summary>
/// <param name="modelName">The model's name, for the notice.</param>
/// <param name="table">The table and its grid.</param>
/// <param name="notice">Receives a sentence if the file's table is of a different grid.</param>
internal sealed class RecomputedPositions(string modelName, PositionTable table, Action<string> notice)
{
    // Between the rounding of bfloat16, 0.004, and the difference of neighboring positions, 0.5 and more.
    private const double Tolerance = 0.02;

    /// <summary>The table's name in the state dict.</summary>
    public string Name => table.Name;

    /// <summary>Whether a tensor of the state dict is computed: the table, or what rotary positions hold.</summary>
    /// <param name="name">The tensor's name.</param>
    public bool Computes(string name) => name == Name || RotaryPositions.IsBuffer(name);

    /// <summary>Computes the table of a model, and says so when the file's is of another grid.</summary>
    /// <param name="model">The model.</param>
    /// <param name="file">A checkpoint, which need not have the table.</param>
    /// <param name="prefix">What its names begin with.</param>
    public void Fill(nn.Module model, ICheckpointFile file, string prefix)
    {
        var parameter = (Tensor?)model.get_parameter(Name) ?? model.get_buffer(Name)
            ?? throw new InvalidOperationException($"{modelName} has no table {Name}.");
        Init.SinCosPositions(parameter, table.Rows, table.Columns, table.Scale, table.Base);
        foreach (var rotary in model.modules().OfType<RotaryPositions>()) rotary.Initialize();
        if (!file.Tensors.ContainsKey(prefix + Name)) return;
        using var scope = NewDisposeScope();
        var stored = file.Read(prefix + Name, dtype: ScalarType.Float64);
        if (stored.shape.SequenceEqual(parameter.shape) && IsOf(table.Rows, table.Columns, stored)) return;
        notice($"'{file.Path}' was made for {Describe(stored)}; the positions of {modelName} were computed for its own, {table.Rows} x "
            + $"{table.Columns}.");
    }

    private string Describe(Tensor stored) => GridOf(stored) is var (rows, columns)
        ? $"a grid of {rows} x {columns} patches"
        : $"another grid of patches (its position table, {TensorInfo.ShapeText(stored.shape)}, is no sin-cos table)";

    /// <summary>The grid that a sin-cos table was computed for, or null when it is no such table.</summary>
    private (int Rows, int Columns)? GridOf(Tensor stored)
    {
        if (stored.shape is not [1, > 0, > 0] || stored.shape[2] % 4 != 0) return null;
        var (tokens, width) = ((int)stored.shape[1], (int)stored.shape[2]);
        // The first half of a row encodes the column: where it is that of column 0 again, the second row of patches
        // begins.
        var half = stored[0].narrow(1, 0, width / 2);
        var restarts = (half - half[0]).abs().amax([1]).lt(Tolerance).data<bool>().ToArray();
        var columns = Array.IndexOf(restarts, true, 1) is var second and > 0 ? second : tokens;
        return tokens % columns == 0 && IsOf(tokens / columns, columns, stored) ? (tokens / columns, columns) : null;
    }

    private bool IsOf(int rows, int columns, Tensor stored) =>
        (stored[0] - (table with { Rows = rows, Columns = columns }).Values((int)stored.shape[2])).abs().max().item<double>() < Tolerance;
}
