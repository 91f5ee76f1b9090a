using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Images of one color, a color for each class.</summary>
internal static class ColorSet
{
    public static TrainingSet<ClassLabels> Of(int count = 12, int classes = 3) =>
        TrainingSet.OfClasses(count, [.. Enumerable.Range(0, classes).Select(static c => $"color {c}")], (indices, flips) =>
        {
            using var scope = NewDisposeScope();
            var labels = tensor(indices.Select(i => (long)(i % classes)).ToArray());
            var images = (labels.to(ScalarType.Float32) - 1).view(-1, 1, 1, 1).expand(-1, 3, 4, 4).contiguous();
            return (images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
        });
}
