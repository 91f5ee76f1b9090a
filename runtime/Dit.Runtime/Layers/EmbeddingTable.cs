using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A row for each index.</summary>
/// <remarks>State: <c>weight</c> (rows, D).</remarks>
public sealed class EmbeddingTable : nn.Module<Tensor, Tensor>
{
    internal readonly Parameter weight; // a field: Module.to sets it

    /// <summary>A table that is not set yet.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="width">D.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    public EmbeddingTable(int rows, int width, Device device, ScalarType dtype) : base(nameof(EmbeddingTable))
    {
        weight = Layer.Unset([rows, width], device, dtype);
        register_parameter(nameof(weight), weight);
    }

    /// <param name="indices">(N,), int64, each a row of the table.</param>
    /// <returns>(N, D).</returns>
    public override Tensor forward(Tensor indices) => weight.index_select(0, indices);

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
