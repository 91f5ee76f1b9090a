using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>When steps of a model are done by functions with a gradient of their own, and what these share.</summary>
/// <remarks>
/// The gradients are computed by kernels, which are not differentiable; where a gradient of the gradient is asked for, the same is computed by operators.
/// No exception may leave a gradient: it is called by native code. So everything is checked on the way forward.
/// </remarks>
internal static unsafe class TrainingFunctions
{
    /// <summary>Rows that one task does.</summary>
    public const int RowsOfTask = 64;

    // What the last gradient gave is held by autograd once the next one is called: it is let go then, not at the end of the step.
    [ThreadStatic] private static Tensor?[]? given;

    /// <summary>The kernels, where gradients are recorded and all of these tensors are float32 on the processor; else null.</summary>
    public static TrainingKernels? For(params ReadOnlySpan<Tensor> tensors)
    {
        if (!is_grad_enabled() || TrainingKernels.Chosen is not { } kernels) return null;
        var records = false;
        foreach (var tensor in tensors)
        {
            if (tensor.dtype != ScalarType.Float32 || tensor.device_type != TorchSharp.DeviceType.CPU) return null;
            if (tensor.numel() is 0 or > int.MaxValue / sizeof(float)) return null;
            records |= tensor.requires_grad;
        }
        return records ? kernels : null;
    }

    /// <summary>Gradients in the order of the arguments, null for what has none; they outlive the scope they were made in.</summary>
    public static List<Tensor?> Give(params Tensor?[] gradients)
    {
        foreach (var tensor in given ?? []) tensor?.Dispose();
        foreach (var tensor in gradients) tensor?.MoveToOuterDisposeScope();
        given = gradients;
        return [.. gradients];
    }

    /// <summary>A dense tensor that is not set yet.</summary>
    public static Tensor Unset(params ReadOnlySpan<long> shape) => TrainingMemory.Tensor(shape);

    /// <summary>The first number.</summary>
    public static float* Pointer(Tensor tensor) => FusedEngine.Pointer(tensor);

    /// <summary>Pieces of <see cref="RowsOfTask"/> rows.</summary>
    public static int Pieces(int rows) => (rows + RowsOfTask - 1) / RowsOfTask;

    /// <summary>The sum of the rows of (M, N), in an order that does not depend on the number of threads.</summary>
    public static Tensor SumRows(TrainingKernels kernels, float* x, int rows, int columns)
    {
        var (sum, pieces) = (Unset(columns), Pieces(rows));
        using var partial = Unset(pieces, columns);
        var parts = Pointer(partial);
        ParallelLoop.Run(pieces, piece =>
        {
            var first = piece * RowsOfTask;
            kernels.SumRows(x + (long)first * columns, parts + (long)piece * columns, Math.Min(RowsOfTask, rows - first), columns);
        }, (double)rows * columns);
        kernels.SumRows(parts, Pointer(sum), pieces, columns);
        return sum;
    }
}
