using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The labelled images that a model learns from.</summary>
/// <param name="Count">How many images there are.</param>
/// <param name="Classes">The names of the classes: label i is <c>Classes[i]</c>.</param>
/// <param name="Load">
/// Given the indices of N images and, for each, whether to mirror it: the images, (N, C, Y, X) in [-1, 1], float32, and their labels,
/// (N,), int64, on the CPU. Called from one background thread.
/// </param>
public sealed record TrainingSet(int Count, IReadOnlyList<string> Classes, Func<int[], bool[], (Tensor Images, Tensor Labels)> Load)
{
    /// <summary>The images of a folder, in the shape that a model takes.</summary>
    public static TrainingSet Of(ImageFolder folder, ImageShape shape) =>
        new(folder.Count, folder.Classes, (indices, flips) => folder.LoadBatch(indices, shape, flips));
}
