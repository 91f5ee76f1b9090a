using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>What the functions with a gradient of their own compute with.</summary>
/// <remarks>
/// The gradients are computed by kernels, which are not differentiable; where a gradient of the gradient is asked for,
/// libtorch's operators compute the same. No exception may leave a gradient, because native code calls it. So
/// everything is checked on the way forward.
/// </remarks>
/// <param name="kernels">The kernels.</param>
/// <param name="memory">The memory of large tensors; null for libtorch's.</param>
internal sealed unsafe class TrainingTools(TrainingKernels kernels, TrainingMemory? memory) : IDisposable
{
    /// <summary>Rows that one task does.</summary>
    public const int RowsOfTask = 64;

    private const string Key = "tools";

    private readonly ReturnedGradients returned = new();

    /// <summary>The kernels.</summary>
    public TrainingKernels Kernels => kernels;

    /// <summary>The threads: libtorch's, which go back and forth between kernels and operators.</summary>
    public TaskLoop Loop => LibTorchLoop.Instance;

    /// <summary>The tools among the arguments of a function, where they are the last; kept for its gradient.</summary>
    public static TrainingTools Of(autograd.AutogradContext context, object[] arguments)
    {
        var tools = (TrainingTools)arguments[^1];
        context.save_data(Key, tools);
        return tools;
    }

    /// <summary>The tools that the function had.</summary>
    public static TrainingTools Of(autograd.AutogradContext context) => (TrainingTools)context.get_data(Key);

    /// <summary>
    /// Gradients in the order of the arguments, null for what has none; they outlive the scope that they were made in.
    /// </summary>
    public List<Tensor?> Return(params Tensor?[] gradients) => returned.Hold(gradients);

    /// <summary>A dense tensor of numbers that are still to be written.</summary>
    public Tensor Empty(params ReadOnlySpan<long> shape) => memory is null ? empty(shape, ScalarType.Float32, CPU) : memory.Empty(shape);

    /// <summary>Pieces of <see cref="RowsOfTask"/> rows.</summary>
    public static int Pieces(int rows) => (rows + RowsOfTask - 1) / RowsOfTask;

    /// <summary>The sum of the rows of (M, N), in an order that does not depend on the number of threads.</summary>
    public Tensor SumRows(float* x, int rows, int columns)
    {
        var (sum, pieces) = (Empty(columns), Pieces(rows));
        using var partial = Empty(pieces, columns);
        var parts = TensorPointer.Of(partial);
        Loop.Run(pieces, piece =>
        {
            var first = piece * RowsOfTask;
            kernels.SumRows(x + (long)first * columns, parts + (long)piece * columns, Math.Min(RowsOfTask, rows - first), columns);
        }, (double)rows * columns);
        kernels.SumRows(parts, TensorPointer.Of(sum), pieces, columns);
        return sum;
    }

    /// <summary>Lets go of what the last gradient returned.</summary>
    public void Dispose() => returned.Dispose();
}
