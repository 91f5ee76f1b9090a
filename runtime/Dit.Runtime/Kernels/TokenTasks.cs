using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>(N, T, D) in tasks of some tokens of one sample.</summary>
internal readonly unsafe struct TokenTasks(Tensor x)
{
    private readonly int tokens = (int)x.shape[1];

    /// <summary>N.</summary>
    public int Samples { get; } = (int)x.shape[0];

    /// <summary>D.</summary>
    public int Width { get; } = (int)x.shape[2];

    /// <summary>Tasks of a sample.</summary>
    public int Pieces => TrainingTools.Pieces(tokens);

    /// <summary>Tasks of all samples.</summary>
    public int Tasks => Samples * Pieces;

    /// <summary>The sample of a task, its first row in (N T, D), and how many there are.</summary>
    public (int Sample, long Row, int Rows) this[int task]
    {
        get
        {
            var (sample, first) = (task / Pieces, task % Pieces * TrainingTools.RowsOfTask);
            return (sample, (long)sample * tokens + first, Math.Min(TrainingTools.RowsOfTask, tokens - first));
        }
    }

    /// <summary>The rows of a dense tensor, (..., D).</summary>
    public static RowPointer Rows(Tensor tensor) => new(TensorPointer.Of(tensor), tensor.shape[^1]);

    /// <summary>Whether a tensor holds a row for each sample of <paramref name="x"/>, (N, 1, D).</summary>
    public static bool IsConditionOf(Tensor x, Tensor row) =>
        x.dim() == 3 && row.dim() == 3 && row.shape[0] == x.shape[0] && row.shape[1] == 1 && row.shape[2] == x.shape[2];
}
