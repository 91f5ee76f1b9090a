using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>
/// A parameter, what AdamW knows about it, and its moving average: dense float32 tensors of one shape.
/// </summary>
/// <param name="Parameter">The weights.</param>
/// <param name="First">Running mean of gradients.</param>
/// <param name="Second">Running mean of their squares.</param>
/// <param name="Average">Moving average of the weights.</param>
/// <param name="Decays">Whether weight decay is for this parameter.</param>
internal sealed record AdamWTensors(Tensor Parameter, Tensor First, Tensor Second, Tensor Average, bool Decays);

/// <summary>
/// AdamW and the moving average in one pass over memory: what a step reads and writes is what takes its time.
/// </summary>
internal sealed unsafe class AdamWPass
{
    private const int Piece = 64 * 1024; // numbers that one task does

    private readonly TrainingTools tools;
    private readonly IReadOnlyList<AdamWTensors> tensors;
    private readonly (int Tensor, long First, long Length)[] pieces;

    /// <summary>Prepares the tasks.</summary>
    /// <param name="tools">What it computes with.</param>
    /// <param name="tensors">All that is trained.</param>
    public AdamWPass(TrainingTools tools, IReadOnlyList<AdamWTensors> tensors)
    {
        (this.tools, this.tensors) = (tools, tensors);
        pieces = [.. tensors.SelectMany(static (tensor, i) => Split(i, tensor.Parameter.numel()))];
    }

    /// <summary>One step.</summary>
    /// <param name="step">Its numbers.</param>
    /// <param name="gradients">
    /// A dense gradient for each parameter; null leaves the parameter as it is, and moves its average alone.
    /// </param>
    public void Run(AdamWStep step, IReadOnlyList<Tensor?> gradients)
    {
        var places = tensors.Select((tensor, i) => new Place(tensor, gradients[i])).ToArray();
        tools.Loop.Run(pieces.Length, task =>
        {
            var (tensor, first, length) = pieces[task];
            places[tensor].Run(tools.Kernels, step, first, length);
        });
    }

    private static IEnumerable<(int Tensor, long First, long Length)> Split(int tensor, long length)
    {
        for (var first = 0L; first < length; first += Piece) yield return (tensor, first, Math.Min(Piece, length - first));
    }

    private readonly struct Place(AdamWTensors tensors, Tensor? gradient)
    {
        private readonly float* parameter = TensorPointer.Of(tensors.Parameter);
        private readonly float* first = TensorPointer.Of(tensors.First);
        private readonly float* second = TensorPointer.Of(tensors.Second);
        private readonly float* average = TensorPointer.Of(tensors.Average);
        private readonly bool decays = tensors.Decays;
        private readonly float* slope = gradient is null ? null : TensorPointer.Of(gradient);

        public void Run(TrainingKernels kernels, in AdamWStep step, long at, long length)
        {
            if (slope is null) kernels.Follow(step.Rate, parameter + at, average + at, length);
            else
                kernels.AdamW(
                    decays ? step : step with { Keep = 1 }, parameter + at, slope + at, first + at, second + at, average + at, length);
        }
    }
}
